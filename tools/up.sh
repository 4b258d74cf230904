#!/usr/bin/env bash
# tools/up.sh [--no-demo] [--upstream ADDR]… : installs what is missing, builds, and runs khiend, khien-dnsd, an
# Unbound that validates for it (unless resolvers are given) and (with the demo) an authority for .example
# names on loopback, data in ./var. Ctrl-C stops all of it.
set -euo pipefail
cd "$(dirname "$0")/.."

demo=yes
upstreams=()
while [ $# -gt 0 ]; do
  case $1 in
    --no-demo) demo=no ;;
    --upstream)
      upstreams+=(--upstream "${2:?--upstream wants an address}")
      shift
      ;;
    *) echo "usage: ./khien up [--no-demo] [--upstream ADDR]…" >&2; exit 64 ;;
  esac
  shift
done
web=127.0.0.1:8080
zones=127.0.0.1:5380
dns=127.0.0.1:5300
status=127.0.0.1:5301
authority=127.0.0.1@5390
companion=127.0.0.1@5335
mail=127.0.0.1:5325
bin=build/release/bin

begin=$SECONDS
step() { printf '%3d s  %s\n' $((SECONDS - begin)) "$*"; }

step "1/4 packages"
tools/packages.sh build run node
step "2/4 programs (the first build takes minutes; the log is var/log/build.log)"
mkdir -p var/log
if ! tools/build.sh release >var/log/build.log 2>&1; then
  tail -n 40 var/log/build.log >&2
  echo "The build failed; the whole log is var/log/build.log." >&2
  exit 1
fi
step "3/4 pages for officers"
tools/web.sh build >var/log/web.log 2>&1 || { tail -n 40 var/log/web.log >&2; exit 1; }

if [ -e var/up.pid ] && kill -0 "$(cat var/up.pid)" 2>/dev/null; then
  echo "It is running already (process $(cat var/up.pid)); the page is http://localhost:8080" >&2
  exit 1
fi
echo $$ >var/up.pid
chmod 700 var

names=()
pids=()
stop() {
  trap - INT TERM EXIT
  # Newest first: DNS stops before what feeds it. Each gets ten seconds to finish what it does.
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
  for ((i = 0; i < 100; i++)); do
    alive=no
    for pid in "${pids[@]}"; do ! kill -0 "$pid" 2>/dev/null || alive=yes; done
    [ "$alive" = yes ] || break
    sleep 0.1
  done
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -f var/up.pid
}
trap 'stop; echo; echo "Stopped. The data stay in ./var; ./khien reset wipes them."; exit 0' INT TERM
trap stop EXIT

start() { # NAME COMMAND…
  local name=$1
  shift
  # Own process group: Ctrl-C reaches only this script, which then stops them in order.
  setsid "$@" >>"var/log/$name.log" 2>&1 &
  names+=("$name")
  pids+=($!)
}
wait_for() { # NAME COMMAND… : until the command succeeds, at most 20 s, or the program ended
  local name=$1 pid=${pids[-1]}
  shift
  for ((i = 0; i < 400; i++)); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "$name did not start. The end of var/log/$name.log:" >&2
  tail -n 20 "var/log/$name.log" >&2
  exit 1
}

step "4/4 starting"
forward=()
if [ "$demo" = yes ]; then
  packaging/demo/authority.sh "$authority" var/demo-authority
  start demo-authority "$(command -v knotd || echo /usr/sbin/knotd)" -c var/demo-authority/knot.conf
  wait_for demo-authority dig +tries=1 +time=1 +noall +answer @"${authority%@*}" -p "${authority#*@}" example SOA
  forward=(--forward "example=${authority/@/:}")
fi
if [ ${#upstreams[@]} -eq 0 ]; then
  start companion packaging/companion/unbound.sh var/companion "$companion"
  # It knows this name by itself, with or without an Internet.
  wait_for companion dig +tries=1 +time=1 +noall +answer @"${companion%@*}" -p "${companion#*@}" localhost A
  upstreams=(--upstream "${companion/@/:}")
fi
khiend=("$bin/khiend" --listen "$web" --dns-listen "$zones" --database sqlite:var/khien.db --state var
  --data data --web web/dist --public-url http://localhost:8080 --verify "$dns")
if [ "$demo" = yes ]; then
  start demo-mail /usr/bin/python3 -m aiosmtpd -n -l "$mail" -c aiosmtpd.handlers.Mailbox var/demo-mail
  khiend+=(--demo --smtp "smtp://$mail" --smtp-from khien@khien.example)
fi
start khiend "${khiend[@]}"
wait_for khiend curl -fsS "http://$web/healthz"
reports=()
[ ! -e var/keys/resolver-report.key ] || reports=(--report-to "http://$web/api/v1/resolver-reports"
  --report-key var/keys/resolver-report.key --report-interval 60)
start khien-dnsd "$bin/khien-dnsd" --listen "$dns" --status "$status" --primary "$zones" \
  --tsig-key var/keys/khien-dnsd.key --snapshot var/dnsd --base-url http://localhost:8080 "${reports[@]}" \
  "${upstreams[@]}" "${forward[@]}"
wait_for khien-dnsd curl -fsS "http://$status/healthz"

step "ready"
cat <<TEXT

  Public page      http://localhost:8080/         report, look up, register, objection
  Officers         http://localhost:8080/app/
  Filtering DNS    $dns (UDP, TCP)        zones for other resolvers: $zones
  Logs             var/log/

TEXT
if [ "$demo" = yes ]; then
  "$bin/khienctl" --state var demo users
  cat <<'TEXT'

  Three things to try (ngan-hang-uu-dai.example stands for a scam; it answers 192.0.2.10):
    1. dig @127.0.0.1 -p 5300 ngan-hang-uu-dai.example      it resolves
    2. Report http://ngan-hang-uu-dai.example/ on the public page; sign in at /app/ as the analyst and propose a block;
       sign in as the approver in a private window and sign: about a second later the same dig says NXDOMAIN and why.
    3. As the duty operator, lift it: the dig resolves again, and the register shows both.
  A sign-in code: ./khien code USER        The mail that the approvers got: ./khien mail
TEXT
fi
if [ "$demo" = no ]; then
  [ ! -e var/first-administrators.txt ] ||
    echo "  First passwords  var/first-administrators.txt: hand them to two people, then delete the file"
  echo "  What comes next  docs/runbooks/first-day.md"
fi
echo
echo "  Ctrl-C stops it."

while true; do
  # Wakes when any of them ends; a signal ends the wait through the trap.
  wait -n "${pids[@]}" || true
  for i in "${!pids[@]}"; do
    if ! kill -0 "${pids[i]}" 2>/dev/null; then
      echo "${names[i]} ended. The end of var/log/${names[i]}.log:" >&2
      tail -n 20 "var/log/${names[i]}.log" >&2
      exit 1
    fi
  done
done
