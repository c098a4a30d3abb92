#!/usr/bin/env bash
# Appendix: client disconnects. Cancels 20 % of requests half a second after each was sent.
. "$(dirname "$0")/common.sh"
serve --exact-tokens --timer low-cpu --ttft 60 --itl 10

aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --concurrency 10 --request-count 100 --isl 200 --osl 80 --extra-inputs ignore_eos:true \
  --request-cancellation-rate 20 --request-cancellation-delay 0.5 --random-seed 1 \
  --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out"
