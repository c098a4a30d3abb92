#!/usr/bin/env bash
# Use case 4: the same replay with objectives; then how many such servers 1,000 requests a second need.
. "$(dirname "$0")/common.sh"
node "$root/examples/make-trace.mjs" > "$out/trace.jsonl"
aiperf trace cut "$out/trace.jsonl" "$out/trace_5min_30x.jsonl" --end 300s --speedup 30

serve --exact-tokens --timer low-cpu --ttft 30 --ttft-per-input-token 0.01 --itl 5 --context-limit 32768
aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --input-file "$out/trace_5min_30x.jsonl" --custom-dataset-type mooncake_trace --fixed-schedule \
  --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out" \
  --goodput "time_to_first_token:75 request_latency:250"

aiperf report "$out" --target-rate 1000 --target-goodput 0.95 | tail -n 40
