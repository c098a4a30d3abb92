#!/usr/bin/env bash
# Appendix: the same profile from a Pod in the cluster. Prints what `kubectl apply -f` takes; no cluster is needed.
. "$(dirname "$0")/common.sh"
cat > "$out/run.yaml" <<'YAML'
model: qwen3-0.6b
endpoint-type: chat
streaming: true
concurrency: 100
request-count: 1000
isl: 1000
osl: 500
extra-inputs: ignore_eos:true
tokenizer: builtin
YAML

aiperf kube manifest --config "$out/run.yaml" --image registry.example/aiperf:0.1.0 --namespace benchmarks \
  --service vllm:8000 | tee "$out/aiperf.yaml"
