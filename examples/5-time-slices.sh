#!/usr/bin/env bash
# Use case 5: time slices. 64 prompts come again and again: a server with a prefix cache starts cold and is warm when
# all have come once, which the trend analysis finds. The same server without the cache is steady: it finds nothing.
. "$(dirname "$0")/common.sh"

slices() {
  aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
    --concurrency 8 --benchmark-duration 16.5 --num-dataset-entries 64 --isl 1050 --osl 20 --random-seed 1 \
    --extra-inputs ignore_eos:true --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out/$1" --slice-duration 1 \
    --ui none | tee "$out/$1.txt"
}

serve --exact-tokens --timer low-cpu --ttft 60 --ttft-per-input-token 0.1 --itl 5 --itl-jitter 0.2 --prefix-cache
slices cold
grep -q 'Time to First Token: warm-up in slices 0 to' "$out/cold.txt"

serve --exact-tokens --timer low-cpu --ttft 60 --ttft-per-input-token 0.1 --itl 5 --itl-jitter 0.2
slices steady
if grep -q 'Time to First Token: warm-up' "$out/steady.txt"; then
  echo 'a warm-up was found where there is none' >&2
  exit 1
fi
