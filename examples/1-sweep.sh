#!/usr/bin/env bash
# Use case 1, continued: five levels of concurrency, the Pareto frontier of throughput and user experience. The
# server runs 50 requests at once: beyond that, more users only wait.
. "$(dirname "$0")/common.sh"
serve --exact-tokens --timer low-cpu --ttft 30 --itl 5 --slots 50

aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --concurrency 5,10,25,50,100 --requests-per-load 6 --isl 200 --osl 60 --extra-inputs ignore_eos:true \
  --num-gpus 2 --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out"
