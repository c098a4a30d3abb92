#!/usr/bin/env bash
# Use case 2: the P75 of the time to first token, from the raw records: by `aiperf report`, and by a script of one's
# own that reads a line for each request.
. "$(dirname "$0")/common.sh"
serve --exact-tokens --timer low-cpu --ttft 60 --itl 5 --slots 20

aiperf profile --model qwen3-0.6b --url "$url" --endpoint-type chat --streaming \
  --concurrency 40 --request-count 200 --isl 200 --osl 40 --tokenizer Qwen/Qwen3-0.6B --artifact-dir "$out" \
  --ui none > "$out/report.txt"

aiperf report "$out" --percentiles 25,50,75,90,99 --metric time_to_first_token

node --input-type=module - "$out/profile_export.jsonl" <<'SCRIPT'
import { readFileSync } from 'node:fs';
const lines = readFileSync(process.argv[2], 'utf8').trim().split('\n');
const values = lines.map((line) => JSON.parse(line).metrics.time_to_first_token.value).sort((a, b) => a - b);
const rank = 0.75 * (values.length - 1);
const [below, above] = [values[Math.floor(rank)], values[Math.ceil(rank)]];
console.log(`By the script: P75 = ${(below + (above - below) * (rank % 1)).toFixed(2)} ms of ${values.length} requests`);
SCRIPT
