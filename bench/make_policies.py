#!/usr/bin/env python3
"""Writes a policy document of N networks with differing policies, for measuring what they cost.

    bench/make_policies.py 1000 > policies.json

The networks lie in 127.0.0.0/8, so that clients on loopback are in them (127.0.0.1 is in the first),
in 10.0.0.0/8 and in 2001:db8::/32. Each category of feeds and choices is on in about half of the
policies, phishing in all, so that a list of it blocks for everybody; own names, hours and safe search are left out unless --full is given, because networks
without them are the common case. The same N gives the same document.
"""

import argparse
import json
import random

FEEDS = ["phishing", "fraud", "malware", "unlawful-gambling", "spam", "intrusion", "child-abuse",
         "intimate-abuse", "illegal-trade", "threats"]
CHOICES = ["choice-adult", "choice-gambling", "choice-ads"]
NETWORKS_MAX = 10_000


def policy(rng, full):
    made = {"feeds": [c for c in FEEDS if c == "phishing" or rng.random() < 0.5],
            "choices": [c for c in CHOICES if rng.random() < 0.5]}
    if full:
        made["safe_search"] = ["google", "bing", "duckduckgo", "youtube"]
        made["schedules"] = [{"choices": ["choice-ads"], "set": "on", "from": "07:00", "to": "17:00"}]
        made["block"] = ["games.example"]
    return made


def network(number, count):
    step = (1 << 24) // count
    address = number * step
    length = 32 - (step.bit_length() - 1) if step & (step - 1) == 0 else 32 - (step.bit_length() - 2)
    base = address & ~((1 << (32 - length)) - 1)
    if base < address:  # the next aligned block lies wholly within this network's step
        base += 1 << (32 - length)
    low = f"{base >> 16 & 255}.{base >> 8 & 255}.{base & 255}"
    return {"name": f"network {number}", "policy": f"policy {number}",
            "prefixes": [f"127.{low}/{length}", f"10.{low}/{length}",
                         f"2001:db8:{number:x}::/48"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("networks", type=int, help=f"1 to {NETWORKS_MAX}")
    parser.add_argument("--full", action="store_true", help="own names, hours and safe search, too")
    arguments = parser.parse_args()
    if not 1 <= arguments.networks <= NETWORKS_MAX:
        parser.error(f"1 to {NETWORKS_MAX} networks")
    rng = random.Random(arguments.networks)
    count = range(arguments.networks)
    print(json.dumps({"version": 1,
                      "policies": {f"policy {i}": policy(rng, arguments.full) for i in count},
                      "networks": [network(i, arguments.networks) for i in count]}, indent=1))


if __name__ == "__main__":
    main()
