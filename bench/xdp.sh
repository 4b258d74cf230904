#!/usr/bin/env bash
# khien-dnsd on AF_XDP beside kernel sockets, processor time a query over a veth pair (needs root)
# A generator that saturates the server (blast.c) and the bare responder (answer.c) come from YARDSTICK (default
# ../shared/eval/dns); without them, without root or without network namespaces nothing is measured. One worker on
# processor 0, the generator on processor 1; the median of RUNS (default 3) runs of SECONDS_A_RUN (default 3). HOW is floor
# (the bare responder on kernel sockets), udp (khien-dnsd the same way), xdp_generic or xdp_native:
#   xdp.HOW.blocked    microseconds of processor time a query, names on the list
#   xdp.HOW.cached     the same, names in the cache
#   xdp.HOW.…_of_floor the same as a part of floor
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(readlink -f "${KHIEN_DNSD:-build/release/bin/khien-dnsd}")
yardstick=${YARDSTICK:-../shared/eval/dns}
runs=${RUNS:-3} seconds=${SECONDS_A_RUN:-3} names=20000
nothing() { echo "$1: nothing measured" >&2; exit 0; }
[ "$(id -u)" = 0 ] || nothing "XDP and network namespaces need root"
for name in answer blast; do
  [ -e "$yardstick/$name.c" ] || nothing "no $name.c in $yardstick (YARDSTICK names the folder)"
done
[ "$(nproc)" -ge 2 ] || nothing "server and generator need a processor each"
sed -n '/^#   xdp/s/^#   //p' bench/xdp.sh >&2

folder=$(mktemp -d)
space=khien-bench-$$
pids=()
clean() {
  [ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
  ip netns del "$space" 2>/dev/null || true
  rm -rf "$folder"
}
trap clean EXIT
for name in answer blast; do gcc -O2 -w -o "$folder/$name" "$yardstick/$name.c"; done
ip netns add "$space" 2>/dev/null || nothing "no network namespaces here"
ip link add khb0 type veth peer name khb1 netns "$space"
ip addr add 198.51.100.1/24 dev khb0
ip link set khb0 up
ip -n "$space" addr add 198.51.100.2/24 dev khb1
ip -n "$space" link set khb1 up
ip -n "$space" link set lo up
ethtool -K khb0 tx off >/dev/null 2>&1 || true # checksums as on a wire

seq -f 'blocked-%.0f.example' "$names" >"$folder/block.txt"
seq -f 'www.blocked-%.0f.example A' "$names" >"$folder/q-blocked.txt"
seq -f 'cached-%.0f.test A' "$names" >"$folder/q-cached.txt"
inside=(ip netns exec "$space" taskset -c 0)

cpu_ns() { awk '{ sum += $1 } END { print sum }' "/proc/$1"/task/*/schedstat; }

measure() { # HOW KIND PID PORT: prints the median
  local how=$1 kind=$2 pid=$3 port=$4 before received i
  for ((i = 0; i < runs; i++)); do
    kill -0 "$pid" || { tail -n 3 "$folder/log" >&2; exit 1; }
    before=$(cpu_ns "$pid")
    received=$(taskset -c 1 "$folder/blast" 198.51.100.2 "$port" "$seconds" "$folder/q-$kind.txt" | sed -E 's/^recv=([0-9]+).*/\1/')
    awk "BEGIN { printf \"%.3f\n\", ($(cpu_ns "$pid") - $before) / 1000 / $received }"
  done | sort -n | sed -n "$((runs / 2 + 1))p" >"$folder/$how.$kind"
  echo "xdp.$how.$kind $(cat "$folder/$how.$kind") us"
  [ "$how" = floor ] ||
    echo "xdp.$how.${kind}_of_floor $(awk "BEGIN { printf \"%.2f\", $(cat "$folder/$how.$kind") / $(cat "$folder/floor.$kind") }") ratio"
}

"${inside[@]}" "$folder/answer" 5397 a 32 198.51.100.2 &
floor=$!
ip netns exec "$space" taskset -c 1 "$folder/answer" 5310 a & # what khien-dnsd asks
pids=("$floor" "$!")
sleep 0.5
for kind in blocked cached; do measure floor "$kind" "$floor" 5397; done

for how in udp xdp_generic xdp_native; do
  options=(--socket udp)
  [ "$how" = udp ] || options=(--socket xdp:khb1 --xdp-mode "${how#xdp_}")
  "${inside[@]}" "$program" --listen 198.51.100.2:53 --allow-from 198.51.100.0/24 --upstream 127.0.0.1:5310 \
    --list "fraud=$folder/block.txt" "${options[@]}" 2>"$folder/log" &
  server=$!
  pids+=("$server")
  tries=0
  until dig @198.51.100.2 blocked-1.example +tries=1 +time=1 2>/dev/null | grep -q NXDOMAIN; do
    if ! kill -0 "$server" 2>/dev/null || [ $((tries += 1)) -gt 100 ]; then
      cat "$folder/log" >&2
      exit 1
    fi
    sleep 0.05
  done
  taskset -c 1 "$folder/blast" 198.51.100.2 53 2 "$folder/q-cached.txt" >/dev/null # fills the cache
  for kind in blocked cached; do measure "$how" "$kind" "$server" 53; done
  kill "$server"
  wait "$server" || true
done
