#!/usr/bin/env bash
# Use case 1: a simple profile at 100 streams. Smaller than the real one: 300 requests of 200 tokens in, 60 out.
. "$(dirname "$0")/common.sh"
serve --exact-tokens --timer low-cpu --ttft 60 --itl 10 --itl-jitter 0.2

aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --concurrency 100 --request-count 300 --isl 200 --osl 60 --extra-inputs ignore_eos:true \
  --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out"
