#!/usr/bin/env bash
# tools/package.sh [--check] : Debian packages khien (khiend, khienctl, pages, data) and khien-dnsd with
# their systemd units, in build/packages. The units are checked by systemd-analyze verify and security;
# --check also unpacks the packages and runs what is in them.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/packages.sh build package node
tools/build.sh release >build/package-build.log 2>&1 || { tail -n 40 build/package-build.log >&2; exit 1; }
tools/web.sh build

version=$(sed -n 's/^project(khien VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
architecture=$(dpkg --print-architecture)
out=build/packages
exposure_max=25 # tenths of systemd's 0..10 scale: "OK" begins at 4.9, ours must stay below 2.5
rm -rf "$out"
mkdir -p "$out"

# Debian packages that the program's shared libraries come from.
dependencies() { # PROGRAM
  # Of a program that is linked whole there are none, and ldd fails.
  { ldd "$1" 2>/dev/null || true; } | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r library; do
    dpkg -S "$(readlink -f "$library")" 2>/dev/null || dpkg -S "$library" 2>/dev/null ||
      dpkg -S "${library#/usr}" 2>/dev/null
  done | cut -d: -f1 | sort -u | paste -sd, | sed 's/,/, /g'
}

make_package() { # NAME DESCRIPTION UNIT PROGRAM…
  local name=$1 description=$2 unit=$3 root="$out/$1"
  shift 3
  mkdir -p "$root/DEBIAN" "$root/usr/bin" "$root/lib/systemd/system" "$root/etc/khien" \
    "$root/usr/share/doc/$name"
  local program needs=""
  for program in "$@"; do
    install -m 755 "build/release/bin/$program" "$root/usr/bin/$program"
    strip --strip-unneeded "$root/usr/bin/$program"
    needs="$needs, $(dependencies "build/release/bin/$program")"
  done
  needs=$(tr ',' '\n' <<<"$needs" | sed 's/^ *//; /^$/d' | sort -u | paste -sd, | sed 's/,/, /g')
  install -m 644 "packaging/systemd/$unit.service" "$root/lib/systemd/system/"
  [ ! -f "packaging/systemd/$unit.socket" ] ||
    install -m 644 "packaging/systemd/$unit.socket" "$root/lib/systemd/system/"
  if [ -f "packaging/man/$unit.8" ]; then
    mkdir -p "$root/usr/share/man/man8"
    gzip -9n <"packaging/man/$unit.8" >"$root/usr/share/man/man8/$unit.8.gz"
    chmod 644 "$root/usr/share/man/man8/$unit.8.gz"
  fi
  local settings=$unit.env
  [ ! -f "packaging/systemd/$unit.toml" ] || settings=$unit.toml
  if [ -f "packaging/systemd/$settings" ]; then
    install -m 644 "packaging/systemd/$settings" "$root/etc/khien/"
    echo "/etc/khien/$settings" >"$root/DEBIAN/conffiles"
  fi
  install -m 644 LICENSE "$root/usr/share/doc/$name/copyright"
  cat >"$root/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $architecture
Maintainer: The Khien developers <developers@khien.example>
Section: net
Priority: optional
Description: $description
CONTROL
  [ -z "$needs" ] || sed -i "/^Section:/i Depends: $needs" "$root/DEBIAN/control"
  for script in postinst prerm; do
    local action='systemctl daemon-reload || true'
    [ "$script" = postinst ] || action="[ \"\$1\" != remove ] || systemctl stop $unit.service || true"
    printf '#!/bin/sh\nset -e\nif [ -d /run/systemd/system ]; then\n  %s\nfi\n' "$action" \
      >"$root/DEBIAN/$script"
    chmod 755 "$root/DEBIAN/$script"
  done
}

make_package khien-dnsd "filtering DNS front-end of Khien" khien-dnsd khien-dnsd
# The companion resolver (docs/runbooks/companion.md): its unit is there and stays off until somebody enables it.
install -D -m 755 packaging/companion/unbound.sh "$out/khien-dnsd/usr/share/khien/companion/unbound.sh"
install -D -m 644 data/psl/public_suffix_list.dat "$out/khien-dnsd/usr/share/khien-dnsd/public_suffix_list.dat"
install -m 644 packaging/systemd/khien-companion.service "$out/khien-dnsd/lib/systemd/system/"
sed -i '/^Depends:/a Suggests: unbound, dns-root-data' "$out/khien-dnsd/DEBIAN/control"
make_package khien "control plane of Khien: reports, orders, zones, ledger" khiend khiend khienctl
sed -i '/^Depends:/a Suggests: nftables' "$out/khien/DEBIAN/control"
make_package khien-probe "probe of Khien: asks a provider's resolvers whether orders took effect" khien-probe khien-probe
mkdir -p "$out/khien/usr/share/khien/web"
cp -r data "$out/khien/usr/share/khien/data"
cp -r i18n "$out/khien/usr/share/khien/i18n"
cp -r web/dist/. "$out/khien/usr/share/khien/web/"
for name in khien-dnsd khien khien-probe; do
  find "$out/$name" -type d -exec chmod 755 {} +
  dpkg-deb --root-owner-group --build "$out/$name" "$out/${name}_${version}_$architecture.deb" >/dev/null
done

# The units as installed: known keywords, programs that exist, and a small attack surface.
for pair in khien-dnsd:khien-dnsd khien-dnsd:khien-companion khien:khiend khien-probe:khien-probe; do
  root=$out/${pair%%:*} unit=${pair#*:}
  sed "s|ExecStart=/usr/|ExecStart=$PWD/$root/usr/|" \
    "$root/lib/systemd/system/$unit.service" >"$out/$unit.service"
  units=("$out/$unit.service")
  if [ -f "packaging/systemd/$unit.socket" ]; then
    cp "packaging/systemd/$unit.socket" "$out/"
    units+=("$out/$unit.socket")
  fi
  systemd-analyze verify --man=no "${units[@]}" 2>&1 | grep -F "$unit." && exit 1
  systemd-analyze security --offline=true --no-pager --threshold="$exposure_max" "$out/$unit.service" |
    tail -n 1
done

if [ "${1:-}" = --check ]; then
  for deb in "$out"/*.deb; do
    folder=$(mktemp -d)
    dpkg-deb -x "$deb" "$folder"
    for program in "$folder"/usr/bin/*; do "$program" --version; done
    # The shipped configuration is read whole; its ports need not be free here.
    if [ -f "$folder/etc/khien/khien-dnsd.toml" ]; then
      "$folder/usr/bin/khien-dnsd" --config "$folder/etc/khien/khien-dnsd.toml" --upstream 192.0.2.53 --print-config >/dev/null
      man --warnings -E UTF-8 -l -Tutf8 "$folder/usr/share/man/man8/khien-dnsd.8.gz" 2>&1 >/dev/null | grep . && exit 1
    fi
    rm -rf "$folder"
  done
fi
du --apparent-size -h "$out"/*.deb
