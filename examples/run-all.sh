#!/usr/bin/env bash
# Runs every example after the other. `npm run examples` builds first.
set -euo pipefail
cd "$(dirname "$0")"
for example in [0-9]*.sh cancellation.sh in-cluster.sh scale-out.sh; do
  printf '\n=== examples/%s\n' "$example"
  SECONDS=0
  bash "$example"
  printf '=== examples/%s: done in %s s\n' "$example" "$SECONDS"
done
