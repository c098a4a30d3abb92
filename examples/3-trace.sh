#!/usr/bin/env bash
# Use case 3: what is in a trace, and its first five minutes at thirty times the speed, on its own schedule, against
# a server whose context ends at 32,768 tokens: some requests are too long for it, and fail.
. "$(dirname "$0")/common.sh"
node "$root/examples/make-trace.mjs" > "$out/trace.jsonl"

aiperf trace stats "$out/trace.jsonl" --cache-blocks 500
aiperf trace cut "$out/trace.jsonl" "$out/trace_5min_30x.jsonl" --start 0 --end 300s --speedup 30

serve --exact-tokens --timer low-cpu --ttft 30 --ttft-per-input-token 0.01 --itl 5 --prefix-cache --context-limit 32768
aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --input-file "$out/trace_5min_30x.jsonl" --custom-dataset-type mooncake_trace --fixed-schedule \
  --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out"
