#!/usr/bin/env bash
# authority.sh ADDRESS@PORT FOLDER : writes a Knot DNS configuration and the zone example. into FOLDER: the
# invented sites that the demo talks about, so that it works with no Internet. Addresses are 192.0.2.0/24
# and 2001:db8::/32 (documentation only), so nothing is ever contacted.
set -euo pipefail
listen=$1
folder=$2
mkdir -p "$folder"
folder=$(cd "$folder" && pwd) # Knot takes relative paths from its own folder
cat >"$folder/knot.conf" <<CONF
server:
    listen: $listen
    rundir: "$folder"
    pidfile: "$folder/knot.pid"
log:
  - target: stderr
    any: warning
database:
    storage: "$folder"
zone:
  - domain: example.
    storage: "$folder"
    file: "example.zone"
    zonefile-sync: -1
    journal-content: none
CONF
rm -f "$folder/knot.pid"
cat >"$folder/example.zone" <<'ZONE'
$ORIGIN example.
$TTL 30
@                     SOA ns.example. hostmaster.example. 1 3600 600 86400 30
@                     NS  ns
ns                    A   192.0.2.1
; The scam of the story, and its invented victim bank.
ngan-hang-uu-dai      A   192.0.2.10
ngan-hang-uu-dai      AAAA 2001:db8::10
www.ngan-hang-uu-dai  A   192.0.2.10
dang-nhap.ngan-hang-uu-dai A 192.0.2.10
ngan-hang             A   192.0.2.20
www.ngan-hang         A   192.0.2.20
; A second scam, a shared host with innocent neighbours, and a school.
trung-thuong-xe-may   A   192.0.2.11
shop1.cho-thue-web    A   192.0.2.12
shop2.cho-thue-web    A   192.0.2.12
truong-hoc            A   192.0.2.30
ZONE
