#!/usr/bin/python3
"""respdiff_zone.py NAMES [LISTED] > root.zone : a root zone in which the names of NAMES exist, each in one of the ways
in which names exist: addresses, aliases in chains, service bindings, no data, too much data, not at all. Some aliases and service
bindings lead to names of LISTED, which khien-dnsd blocks. The same input gives the same zone: everything follows from the
hash of a name. Addresses are those of documentation."""

import hashlib
import sys

LARGE = " ".join('"' + "khien" * 50 + '"' for _ in range(8))


def number_of(name):
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def addresses(number, count):
    for i in range(count):
        yield f"A 192.0.2.{(number >> 8 * i) % 254 + 1}"
        if number >> 40 & 1:
            yield f"AAAA 2001:db8::{(number >> 16 * i) % 65535 + 1:x}"


def records(name, number, names, listed):
    """The data of one name, each as TYPE and RDATA."""
    kind = number % 100
    other = names[(number >> 20) % len(names)]
    bad = listed[(number >> 24) % len(listed)] if listed else other
    if kind < 8:
        return  # does not exist, unless something lies below it
    if kind < 18:
        yield f"CNAME {other}."
    elif kind < 20:
        yield f"CNAME {bad}."
    elif kind < 27:
        yield 'TXT "no address here"'
    elif kind < 31:
        yield from addresses(number, 1)
        yield f"TXT {LARGE}"
    elif kind < 36:
        yield from addresses(number, 30)  # more than plain DNS takes, less than EDNS does
    else:
        yield from addresses(number, 1 + number // 100 % 4)
        yield f"MX 10 {other}."
        yield 'TXT "v=spf1 -all"'
        yield 'CAA 0 issue "ca.example"'
        if kind < 46:
            yield "HTTPS 1 . alpn=h2,h3 ipv4hint=192.0.2.7"
        elif kind < 52:
            yield f"HTTPS 0 {other}."
        elif kind < 54:
            yield f"HTTPS 1 {bad}. alpn=h2"
        elif kind < 56:
            yield f"SVCB 1 {other}. port=8443"


def usable(name):
    labels = name.split(".")
    plain = all(c.isascii() and (c.isalnum() or c in "-_.") for c in name)
    return plain and len(name) < 250 and all(0 < len(label) < 64 for label in labels)


def read_names(path):
    with open(path, encoding="utf-8") as file:
        return [name for name in (line.strip().lower().rstrip(".") for line in file) if name and usable(name)]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    names = list(dict.fromkeys(read_names(sys.argv[1])))
    listed = read_names(sys.argv[2]) if len(sys.argv) == 3 else []
    out = sys.stdout
    out.write("$ORIGIN .\n$TTL 3600\n@ SOA ns.khien.test. hostmaster.khien.test. 1 3600 600 86400 300\n@ NS ns.khien.test.\n")
    out.write("ns.khien.test. A 192.0.2.1\n")
    for name in names:
        number = number_of(name)
        ttl = 60 + number % 3600
        for data in dict.fromkeys(records(name, number, names, listed)):
            out.write(f"{name}. {ttl} {data}\n")


if __name__ == "__main__":
    main()
