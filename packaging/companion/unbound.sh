#!/usr/bin/env bash
# unbound.sh FOLDER ADDRESS@PORT : writes FOLDER/unbound.conf and runs Unbound in the foreground as
# khien-dnsd's companion: it resolves from the root and validates DNSSEC, on loopback, for khien-dnsd alone.
# Runs as whoever starts it. FOLDER/local.conf is included and never overwritten: what a place needs of its own
# goes there (docs/runbooks/companion.md has forwarding, stub zones and private trust anchors).
set -euo pipefail
if [ $# -ne 2 ]; then
  echo "usage: unbound.sh FOLDER ADDRESS@PORT" >&2
  exit 64
fi
listen=$2
mkdir -p "$1"
folder=$(cd "$1" && pwd)

case $listen in
  127.*@* | ::1@*) ;;
  *)
    echo "unbound.sh: the companion listens on loopback only, not on $listen" >&2
    exit 64
    ;;
esac
unbound=$(command -v unbound || echo /usr/sbin/unbound)
if [ ! -x "$unbound" ]; then
  echo "unbound.sh: the package unbound is missing" >&2
  exit 69
fi
# Debian's AppArmor profile goes by the program's path and lets it into /etc/unbound and /var/lib/unbound alone,
# where this one has no business. A copy of our own is not bound to it; systemd's sandbox is, where there is one.
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null || true)" = Y ]; then
  install -m 755 "$unbound" "$folder/unbound"
  unbound=$folder/unbound
fi

# The root's key comes from the package dns-root-data and is followed from then on (RFC 5011). A copy that is
# older than the package's is replaced, so that a machine which slept through a rollover wakes up with it.
packaged=/usr/share/dns/root.key
if [ ! -e "$packaged" ] && [ ! -e "$folder/root.key" ]; then
  echo "unbound.sh: the package dns-root-data is missing: there is no trust anchor" >&2
  exit 69
fi
if [ "$packaged" -nt "$folder/root.key" ]; then cp "$packaged" "$folder/root.key"; fi
hints=
[ ! -e /usr/share/dns/root.hints ] || hints='root-hints: "/usr/share/dns/root.hints"'
[ -e "$folder/local.conf" ] || echo "# What this place needs of its own; see docs/runbooks/companion.md." >"$folder/local.conf"

cat >"$folder/unbound.conf" <<CONF
# Written by unbound.sh at each start: put changes into local.conf.
server:
    directory: "$folder"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    logfile: ""
    log-queries: no
    verbosity: 0

    interface: $listen
    access-control: 127.0.0.0/8 allow
    access-control: ::1/128 allow
    num-threads: 1
    so-reuseport: yes
    edns-buffer-size: 1232
    max-udp-size: 1232
    incoming-num-tcp: 128
    msg-cache-size: 32m
    rrset-cache-size: 64m

    module-config: "validator iterator"
    auto-trust-anchor-file: "$folder/root.key"
    $hints
    val-clean-additional: yes
    val-log-level: 0
    ede: yes
    trust-anchor-signaling: yes

    harden-glue: yes
    harden-dnssec-stripped: yes
    harden-below-nxdomain: yes
    harden-algo-downgrade: yes
    harden-large-queries: yes
    harden-short-bufsize: yes
    qname-minimisation: yes
    # Denials that were proved answer for all names between: fewer questions leave, and floods of random names
    # below a signed zone end here.
    aggressive-nsec: yes
    minimal-responses: yes
    hide-identity: yes
    hide-version: yes
    # Its clients are one program on this machine, over connected sockets and with letter case of their own.
    use-caps-for-id: no

    prefetch: yes
    prefetch-key: yes
    # khien-dnsd serves stale answers itself, with EDE 3; two layers of it would hide the age from clients.
    serve-expired: no
remote-control:
    control-enable: no
include: "$folder/local.conf"
CONF
exec "$unbound" -d -p -c "$folder/unbound.conf"
