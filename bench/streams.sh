#!/usr/bin/env bash
# DoT and DoH of khien-dnsd: queries a second and CPU of the server a query on 1 and 100 connections; TLS handshakes a second
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${SECONDS_EACH:-3}
folder=$(mktemp -d)
dnsd=
finish() {
  [ -z "$dnsd" ] || kill "$dnsd" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=server.test \
  -addext subjectAltName=DNS:server.test,IP:127.0.0.1 -keyout "$folder/key.pem" -out "$folder/cert.pem" 2>/dev/null
printf 'blocked-%s.example\n' {1..1000} >"$folder/list"
printf 'blocked-%s.example A\n' {1..1000} >"$folder/queries"
log=$folder/log
"${KHIEN_BIN:-build/release/bin}/khien-dnsd" --listen 127.0.0.1:0 --upstream 127.0.0.1:9 --list phishing="$folder/list" \
  --dot 127.0.0.1:0 --doh 127.0.0.1:0 --tls-cert "$folder/cert.pem" --tls-key "$folder/key.pem" \
  --network-handshakes 1000000 2>"$log" &
dnsd=$!
port() { sed -n "s/.* $1 .*127.0.0.1:\([0-9]*\).*/\1/p" "$log" | head -1; }
for _ in $(seq 100); do
  [ -z "$(port listening_doh)" ] || break
  sleep 0.05
done
tcp=$(port listening) dot=$(port listening_dot) doh=$(port listening_doh)

# Nanoseconds that the server's threads have been on a CPU.
cpu_ns() { cat /proc/"$dnsd"/task/*/schedstat | awk '{ sum += $1 } END { printf "%.0f", sum }'; }

# load NAME PORT CONNECTIONS dnsperf's options…
load() {
  local name=$1 port=$2 connections=$3
  shift 3
  local before after
  before=$(cpu_ns)
  dnsperf -s 127.0.0.1 -p "$port" -d "$folder/queries" -l "$seconds" -c "$connections" -q 400 "$@" >"$folder/out" 2>&1 ||
    { cat "$folder/out" >&2; exit 1; }
  after=$(cpu_ns)
  awk -v name="$name" -v connections="$connections" -v ns=$((after - before)) '
    /Queries completed:/ { completed = $3 }
    /Queries lost:/ { lost = $3 }
    /Queries per second:/ { rate = $4 }
    END {
      printf "%s_%d_rate %.0f queries/s\n", name, connections, rate
      printf "%s_%d_cpu %.2f us/query\n", name, connections, ns / 1000 / (completed ? completed : 1)
      printf "%s_%d_lost %d queries\n", name, connections, lost
    }' "$folder/out"
}
# h2load, because dnsperf's DoH of Debian 12 loses answers that come in one TLS record.
load_doh() {
  local connections=$1 total=50000 before after query
  query=$(printf '\0\0\1\0\0\1\0\0\0\0\0\0\011blocked-1\7example\0\0\1\0\1' | base64 -w0 | tr '+/' '-_' | tr -d =)
  before=$(cpu_ns)
  h2load -n "$total" -c "$connections" -m $((400 / connections > 100 ? 100 : 400 / connections)) \
    "https://127.0.0.1:$doh/dns-query?dns=$query" >"$folder/out" 2>&1 || { cat "$folder/out" >&2; exit 1; }
  after=$(cpu_ns)
  awk -v connections="$connections" -v ns=$((after - before)) '
    /^finished in/ { rate = $4 }
    /^requests:/ { done = $8; lost = $2 - $8 }
    END {
      printf "doh_%d_rate %.0f queries/s\n", connections, rate
      printf "doh_%d_cpu %.2f us/query\n", connections, ns / 1000 / (done ? done : 1)
      printf "doh_%d_lost %d queries\n", connections, lost
    }' "$folder/out"
}
for connections in 1 100; do
  load tcp "$tcp" "$connections" -m tcp
  load dot "$dot" "$connections" -m dot
  load_doh "$connections"
done

# Handshakes of one client process: its own half is the same work again.
# TLS 1.2, because s_time does not wait for the tickets of 1.3.
for kind in new reuse; do
  before=$(cpu_ns)
  openssl s_time -connect "127.0.0.1:$dot" -tls1_2 "-$kind" -time "$seconds" >"$folder/out" 2>&1 || true
  after=$(cpu_ns)
  count=$(sed -n 's/^\([0-9]*\) connections in [0-9.]* real seconds.*/\1/p' "$folder/out" | head -1)
  awk -v kind="$kind" -v count="${count:-0}" -v seconds="$seconds" -v ns=$((after - before)) 'BEGIN {
    printf "handshake_%s_rate %.0f handshakes/s\n", kind, count / seconds
    printf "handshake_%s_cpu %.1f us\n", kind, ns / 1000 / (count ? count : 1)
  }'
done
