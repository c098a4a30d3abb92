#!/usr/bin/env bash
# Several machines, played by processes of this one: a sweep in three shards by files, and merged; then one run of two
# agents, where nats-server is installed. With ssh, Slurm and Kubernetes: docs/scale.md.
. "$(dirname "$0")/common.sh"
others=()
stop() {
  [ "${#others[@]}" = 0 ] || kill "${others[@]}" 2> /dev/null || true
  unserve
}
trap stop EXIT

serve --exact-tokens --timer low-cpu --ttft 30 --itl 5
load=(--model qwen3-0.6b --url "$url" --endpoint-type chat --streaming --tokenizer builtin --isl 100 --osl 20)

# Each run of the sweep starts at one time on all machines: the first when all are ready, the second 20 s later.
start=$(($(date +%s) + 15))
shards=()
for shard in 0 1 2; do
  aiperf profile "${load[@]}" --concurrency 6,12 --benchmark-duration 5 --random-seed 7 \
    --shard "$shard/3" --start-at "$start" --start-every 20 \
    --artifact-dir "$out/shard-$shard" --ui none > "$out/shard-$shard.txt" &
  shards+=($!)
done
for shard in "${shards[@]}"; do wait "$shard"; done
aiperf merge "$out"/shard-[0-2] --artifact-dir "$out/sweep" > "$out/sweep.txt"
sed -n '/Sweep/,$p' "$out/sweep.txt"

if ! command -v nats-server > /dev/null; then
  echo "nats-server is not installed: there is no run over NATS."
  exit
fi
nats-server -js -sd "$out/nats" -a 127.0.0.1 -p -1 --ports_file_dir "$out" > "$out/nats.log" 2>&1 &
others+=($!)
nats=
until [ -n "$nats" ]; do
  sleep 0.1
  nats=$(cat "$out"/nats-server_*.ports 2> /dev/null | tr -d ' \n' | sed -n 's/.*"nats":\["\([^"]*\)".*/\1/p')
done
for agent in 0 1; do
  aiperf agent --nats "$nats" --once > "$out/agent-$agent.txt" 2>&1 &
  others+=($!)
done
aiperf profile "${load[@]}" --request-rate 60 --request-count 300 --nats "$nats" --shards 2 \
  --artifact-dir "$out/over-nats" | sed -n '/Shards/,$p'
