#!/usr/bin/python3
"""respdiff.py --front ADDR:PORT --upstream ADDR:PORT --names FILE [--list CATEGORY=FILE]… : asks khien-dnsd and its
upstream the same questions and explains every difference, in the manner of CZ.NIC's respdiff.

A difference is explained if khien-dnsd says that it blocks the name for a category (EDE 15, 16 or 17), and the name, or a
name that the upstream's answer leads to, is on that category's list or below a name on it. The other way round, a name that is
on a list and is not blocked is a difference, too; only DS and DNSKEY are left alone, and must be the upstream's. What a
forwarder changes by its nature does not count: id, AA, RA, EDNS, and TTLs that have grown smaller. Everything else is
unexplained, is printed, and makes the exit status 1.

The questions go over loopback or to servers of your own: do not point it at other people's resolvers."""

import argparse
import asyncio
import collections
import random
import socket
import sys
import time

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

EDE = 15
BLOCK_CODES = (15, 16, 17)
FOLLOWED = (dns.rdatatype.CNAME, dns.rdatatype.DNAME, dns.rdatatype.HTTPS, dns.rdatatype.SVCB)
# A validator behind khien-dnsd needs these of names above others that it may resolve: no list touches them.
LEFT_ALONE = (dns.rdatatype.DS, dns.rdatatype.DNSKEY)
WINDOW = 64
WAIT_S = 10.0
SHOWN_MAX = 50
ORDINARY_TYPES = ("A", "AAAA", "HTTPS")
SAMPLED_TYPES = ("TXT", "MX", "NS", "SOA", "CNAME", "SVCB", "CAA", "DS", "DNSKEY", "SRV", "PTR")


def wire_query(number, name, rdtype, dnssec):
    labels = b"".join(bytes([len(label)]) + label for label in name.encode().split(b".")) + b"\0"
    head = number.to_bytes(2, "big") + (b"\x01\x20" if not dnssec else b"\x01\x00") + b"\0\1\0\0\0\0\0\1"
    opt = b"\0\0\x29\x04\xd0\0\0" + (b"\x80\0" if dnssec else b"\0\0") + b"\0\0"
    return head + labels + int(rdtype).to_bytes(2, "big") + b"\0\1" + opt


class Client(asyncio.DatagramProtocol):
    """Sends questions to one server and gives each its answer; tries three times."""

    def __init__(self):
        self.waiting = {}
        self.number = 0

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        future = self.waiting.pop(int.from_bytes(data[:2], "big"), None)
        if future is not None and not future.done():
            future.set_result(data)

    def error_received(self, exc):
        pass

    async def ask(self, name, rdtype, dnssec):
        for _ in range(3):
            self.number = self.number % 65535 + 1
            number = self.number
            future = asyncio.get_running_loop().create_future()
            self.waiting[number] = future
            self.transport.sendto(wire_query(number, name, rdtype, dnssec))
            try:
                return await asyncio.wait_for(future, WAIT_S)
            except asyncio.TimeoutError:
                self.waiting.pop(number, None)
        return None


class Lists:
    """Which categories list a name or one above it."""

    def __init__(self, words):
        self.of = collections.defaultdict(set)
        for word in words:
            category, _, path = word.partition("=")
            with open(path, encoding="utf-8", errors="replace") as file:
                for line in file:
                    name = line.split("#")[0].strip().lower().rstrip(".")
                    if name:
                        self.of[name].add(category)

    def categories(self, name):
        found = set()
        labels = name.lower().rstrip(".").split(".")
        for i in range(len(labels)):
            found |= self.of.get(".".join(labels[i:]), set())
        return found


def block_of(message):
    """The category that the answer says it is blocked for, or None."""
    for option in message.options:
        if option.otype != EDE or option.code not in BLOCK_CODES:
            continue
        for word in (option.text or "").split():
            if word.startswith("category="):
                return word[len("category="):]
    return None


def targets_of(message):
    for rrset in message.answer:
        if rrset.rdtype in FOLLOWED:
            for record in rrset:
                yield record.target.to_text() if hasattr(record, "target") else ""


def sections(message):
    """What must be equal, and the smallest TTL of each RRset."""
    out, ttls = [], {}
    for number, section in enumerate((message.answer, message.authority, message.additional)):
        for rrset in section:
            key = (number, rrset.name.to_text().lower(), rrset.rdtype, rrset.covers)
            out.append((key, tuple(sorted(record.to_text() for record in rrset))))
            ttls[key] = rrset.ttl
    return sorted(out), ttls


def compare(front_wire, upstream_wire):
    """Nothing, or what differs, in words."""
    # The whole message but id and flags: true for nearly all, and cheap.
    changed = int.from_bytes(front_wire[2:4], "big") ^ int.from_bytes(upstream_wire[2:4], "big")
    if front_wire[4:] == upstream_wire[4:] and changed & ~(dns.flags.AA | dns.flags.RA) == 0:
        return []
    front, upstream = dns.message.from_wire(front_wire), dns.message.from_wire(upstream_wire)
    differences = []
    if front.rcode() != upstream.rcode():
        differences.append(f"rcode {dns.rcode.to_text(upstream.rcode())} -> {dns.rcode.to_text(front.rcode())}")
    for flag in (dns.flags.TC, dns.flags.AD, dns.flags.CD):
        if (front.flags ^ upstream.flags) & flag:
            differences.append(f"flag {dns.flags.to_text(flag)}")
    if front.question != upstream.question:
        differences.append("question")
    if front.flags & dns.flags.TC and upstream.flags & dns.flags.TC:
        return differences  # what a truncated answer still holds is up to its sender
    (mine, my_ttls), (its, its_ttls) = sections(front), sections(upstream)
    if mine != its:
        differences.append("records")
    elif any(my_ttls[key] > ttl for key, ttl in its_ttls.items()):
        differences.append("a longer TTL")
    return differences


class Judge:
    def __init__(self, lists):
        self.lists = lists
        self.counts = collections.Counter()
        self.blocked = collections.Counter()
        self.shown = 0

    def unexplained(self, name, rdtype, what):
        self.counts["unexplained"] += 1
        if self.shown < SHOWN_MAX:
            self.shown += 1
            print(f"unexplained: {name} {dns.rdatatype.to_text(rdtype)}: {what}")

    def judge(self, name, rdtype, front_wire, upstream_wire):
        self.counts["questions"] += 1
        if front_wire is None or upstream_wire is None:
            who = "khien-dnsd" if front_wire is None else "the upstream"
            self.unexplained(name, rdtype, f"{who} did not answer")
            return
        try:
            differences = compare(front_wire, upstream_wire)
            listed = set() if rdtype in LEFT_ALONE else self.lists.categories(name)
            if not differences and not listed:
                self.counts["equal"] += 1
                return
            category = block_of(dns.message.from_wire(front_wire))
            targets = [listed]
            if category is not None and category not in listed:
                targets += [self.lists.categories(target) for target in targets_of(dns.message.from_wire(upstream_wire))]
        except dns.exception.DNSException as error:
            self.unexplained(name, rdtype, f"cannot be read: {error!r}")
            return
        if category is not None and any(category in names for names in targets):
            self.counts["blocked by its own name" if category in listed else "blocked by a name inside"] += 1
            self.blocked[category] += 1
        elif category is not None:
            self.unexplained(name, rdtype, f"blocked for {category}, and no such list has it")
        elif listed:
            self.unexplained(name, rdtype, f"on {', '.join(sorted(listed))}, and not blocked")
        else:
            self.unexplained(name, rdtype, "; ".join(differences))


def questions_of(options):
    """Every name with the ordinary types, and some with another one, in an order that is mixed."""
    rng = random.Random(options.seed)
    with open(options.names, encoding="utf-8") as file:
        names = [line.strip().lower().rstrip(".") for line in file if line.strip() and not line.startswith("#")]
    names = [name for name in names if len(name) < 254 and all(0 < len(x) < 64 for x in name.split("."))]
    if options.limit:
        names = names[: options.limit]
    types = [dns.rdatatype.from_text(word) for word in ORDINARY_TYPES]
    sampled = [dns.rdatatype.from_text(word) for word in SAMPLED_TYPES]
    questions = [(name, rdtype, False) for name in names for rdtype in types]
    questions += [(name, rng.choice(sampled), rng.random() < 0.5) for name in names if rng.random() < options.sample]
    rng.shuffle(questions)
    return questions


async def open_client(address):
    host, _, port = address.rpartition(":")
    sock = socket.socket(socket.AF_INET6 if ":" in host.strip("[]") else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.connect((host.strip("[]"), int(port)))
    sock.setblocking(False)
    _, client = await asyncio.get_running_loop().create_datagram_endpoint(Client, sock=sock)
    return client


async def run(options):
    judge = Judge(Lists(options.list))
    questions = questions_of(options)
    front, upstream = await open_client(options.front), await open_client(options.upstream)
    rest = iter(questions)
    again = random.Random(options.seed + 1)

    async def work():
        for name, rdtype, dnssec in rest:
            answers = await asyncio.gather(front.ask(name, rdtype, dnssec), upstream.ask(name, rdtype, dnssec))
            judge.judge(name, rdtype, *answers)
            if again.random() < options.again:  # from the cache now
                judge.judge(name, rdtype, await front.ask(name, rdtype, dnssec), answers[1])

    start = time.monotonic()
    await asyncio.gather(*(work() for _ in range(WINDOW)))
    seconds = time.monotonic() - start
    front.transport.close()
    upstream.transport.close()
    counts = judge.counts
    print(f"{counts['questions']} questions in {seconds:.0f} s: {counts['equal']} equal, "
          f"{counts['blocked by its own name']} blocked by their own name, "
          f"{counts['blocked by a name inside']} by a name inside, {counts['unexplained']} unexplained")
    for category, count in sorted(judge.blocked.items()):
        print(f"  blocked for {category}: {count}")
    return 1 if counts["unexplained"] or not counts["questions"] else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--front", required=True, help="ADDR:PORT of khien-dnsd")
    parser.add_argument("--upstream", required=True, help="ADDR:PORT of its upstream")
    parser.add_argument("--names", required=True, help="file of names, one a line")
    parser.add_argument("--list", action="append", default=[], help="CATEGORY=FILE as khien-dnsd has it")
    parser.add_argument("--limit", type=int, default=0, help="only so many names")
    parser.add_argument("--sample", type=float, default=0.2, help="part of the names asked for a rare type (0.2)")
    parser.add_argument("--again", type=float, default=0.1, help="part of the questions asked again, of the cache (0.1)")
    parser.add_argument("--seed", type=int, default=1)
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
