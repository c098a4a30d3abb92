# Read by every example: `aiperf` from the build, a folder for its files ($out), and `serve`.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=$(basename "$0" .sh)
out=${EXAMPLES_OUT:-$root/artifacts/examples}/$name
rm -rf "$out"
mkdir -p "$out"
server=

aiperf() { node "$root/dist/cli.js" "$@"; }

# Starts the simulated server with these options, in place of the one before; its address is in $url.
serve() {
  unserve
  : > "$out/server.log" # so that it is there, without the address of the one before
  node "$root/dist/cli.js" mock-server --port 0 "$@" >> "$out/server.log" &
  server=$!
  for _ in $(seq 300); do
    url=$(sed -n 's/^listening on //p' "$out/server.log")
    [ -z "$url" ] || return 0
    sleep 0.1
  done
  echo "the simulated server does not listen" >&2
  return 1
}

unserve() {
  [ -z "$server" ] || kill "$server" 2> /dev/null || true
  server=
}
trap unserve EXIT
