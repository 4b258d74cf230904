#!/usr/bin/python3
"""expire.py [--expire S]: what resolvers do with an RPZ zone whose primary is silent for longer than the SOA's EXPIRE (RFC 1035 section 3.3.13), and when
the primary is back. Prints a Markdown table, as in docs/publish/expire.md. Exit code 1 if khien-dnsd does not do what ADR 0601 and ADR 0603 say.

Each resolver follows the same zone of one Knot DNS, refreshing every second, and is asked for a listed name. Then Knot is killed, and started again once
the answers have had three times EXPIRE to change. Resolvers that are not installed are left out and named: unbound, bind9, pdns-recursor (PDNS_RECURSOR
names one that is elsewhere), knot-resolver. The last reads RPZ from a file, which `khienctl zone follow` keeps."""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import servers  # noqa: E402
from servers import HOST  # noqa: E402

FEED, EMERGENCY = "feeds-fraud.rpz.khien.", "emergency.rpz.khien."
LISTED = {FEED: "xau.test.", EMERGENCY: "gap.test."}
WORLD = "$ORIGIN test.\n@ 5 SOA ns.test. x.test. 1 60 10 86400 5\n@ 5 NS ns.test.\n*.test. 5 A 192.0.2.1\n"
LOG_LINE = re.compile(r"expire", re.IGNORECASE)
WAIT_S = 120.0
BIN = Path(servers.DNSD).resolve().parent


def policy_zone(name, expire_s):
    return f"$ORIGIN {name}\n@ 5 SOA ns.khien. x.khien. 1 1 1 {expire_s} 5\n@ 5 NS ns.khien.\n{LISTED[name].rstrip('.')} 5 CNAME .\n"


class Subject:
    """One resolver that follows one zone."""

    def __init__(self, who, version, zone, port, server, *beside):
        self.who, self.version, self.zone, self.port, self.server = who, version, zone, port, server
        self.servers = [server, *beside]
        self.lapsed_s = self.back_s = None
        self.after = ""

    def verdict(self):
        try:
            answer = servers.ask(self.port, LISTED[self.zone], timeout=1.0)
        except Exception:
            return "no answer"
        return {0: "resolves", 2: "SERVFAIL", 3: "blocks"}.get(answer.rcode(), f"rcode {answer.rcode()}")

    def wait_for(self, verdict):
        end = time.monotonic() + WAIT_S
        while self.verdict() != verdict:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def log_line(self, size_before):
        lines = self.server.log.read_text(errors="replace")[size_before:].splitlines()
        return next((line.strip() for line in lines if LOG_LINE.search(line)), "none")

    def log_size(self):
        return len(self.server.log.read_text(errors="replace"))


def version_of(command):
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except OSError:
        return "?"
    found = re.search(r"\d+\.\d+[\w.+~-]*", text.stdout + text.stderr)
    return found.group(0) if found else "?"


def start_unbound(folder, primary, world):
    program, port = servers.program("unbound"), servers.free_port()
    folder.mkdir()
    (folder / "unbound.conf").write_text(
        f'server:\n directory: "{folder}"\n chroot: ""\n username: ""\n pidfile: ""\n use-syslog: no\n logfile: ""\n verbosity: 2\n'
        f' do-daemonize: no\n interface: {HOST}@{port}\n do-not-query-localhost: no\n module-config: "respip iterator"\n'
        f' local-zone: "test." nodefault\n access-control: {HOST}/8 allow\nremote-control:\n control-enable: no\n'
        f'forward-zone:\n name: "."\n forward-addr: {HOST}@{world}\n'
        f'rpz:\n name: "{FEED}"\n primary: {HOST}@{primary}\n'
    )
    server = servers.Server(folder, [program, "-d", "-c", folder / "unbound.conf"])
    return [Subject("Unbound", version_of([program, "-V"]), FEED, port, server)]


def start_bind(folder, primary, world, minimum=True):
    program, port = servers.program("named"), servers.free_port()
    folder.mkdir()
    timers = "min-refresh-time 1; min-retry-time 1;" if minimum else ""
    zone = FEED.rstrip(".")
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file none; lock-file none; session-keyfile none; listen-on port {port} {{ {HOST}; }};\n'
        f" listen-on-v6 {{ none; }}; dnssec-validation no; recursion yes; empty-zones-enable no; forward only;\n"
        f" forwarders {{ {HOST} port {world}; }}; response-policy {{ zone \"{zone}\"; }} min-update-interval 0 qname-wait-recurse no; }};\ncontrols {{ }};\n"
        f'zone "{zone}" {{ type secondary; file "rpz.db"; primaries {{ {HOST} port {primary}; }}; {timers} }};\n'
    )
    server = servers.Server(folder, [program, "-g", "-n", "1", "-c", folder / "named.conf"])
    who = "BIND, `min-refresh-time 1`" if minimum else "BIND, default timers"
    return [Subject(who, version_of([program, "-v"]), FEED, port, server)]


def start_bind_default(folder, primary, world):
    return start_bind(folder, primary, world, minimum=False)


def start_recursor(folder, primary, world):
    program, port = os.environ.get("PDNS_RECURSOR") or servers.program("pdns_recursor"), servers.free_port()
    folder.mkdir()
    (folder / "rpz.lua").write_text(f'rpzPrimary("{HOST}:{primary}", "{FEED}", {{refresh=1}})\n')
    (folder / "recursor.conf").write_text(
        f"local-address={HOST}\nlocal-port={port}\nforward-zones=test={HOST}:{world}\ndont-query=\ndnssec=off\nthreads=1\ndaemon=no\n"
        f"socket-dir={folder}\nwrite-pid=no\nlua-config-file={folder}/rpz.lua\nsecurity-poll-suffix=\ndisable-syslog=yes\nhint-file=no\n"
    )
    server = servers.Server(folder, [program, f"--config-dir={folder}"])
    return [Subject("PowerDNS Recursor", version_of([program, "--version"]), FEED, port, server)]


def start_knot_resolver(folder, primary, world):
    program, port = servers.program("kresd"), servers.free_port()
    file = folder / "zone.rpz"
    folder.mkdir()
    follow = servers.Server(folder / "follow", [BIN / "khienctl", "zone", "follow", FEED, file, "--primary", f"{HOST}:{primary}"])
    end = time.monotonic() + WAIT_S
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    (folder / "kresd.conf").write_text(
        f"net.listen('{HOST}', {port}, {{ kind = 'dns' }})\nmodules = {{ 'policy' }}\ntrust_anchors.remove('.')\nlog_level('notice')\n"
        f"policy.add(policy.rpz(policy.DENY, '{file}', true))\npolicy.add(policy.all(policy.STUB({{'{HOST}@{world}'}})))\n"
    )
    server = servers.Server(folder, [program, "-n", "-c", folder / "kresd.conf", folder])
    return [Subject("Knot Resolver, its file kept by `khienctl zone follow`", version_of([program, "--version"]), FEED, port, follow, server)]


def start_dnsd(folder, primary, world):
    port = servers.free_port()
    server = servers.dnsd(folder, port, [world], "--primary", f"{HOST}:{primary}", "--zones", "feeds-fraud,emergency")
    version = version_of([servers.DNSD, "--version"])
    return [
        Subject("khien-dnsd, khiend's zone", version, FEED, port, server),
        Subject("khien-dnsd, khiend's emergency zone", version, EMERGENCY, port, server),
    ]


def start_dnsd_third_party(folder, primary, world):
    port = servers.free_port()
    folder.mkdir()
    zones = {"zones": [{"zone": FEED, "primary": f"{HOST}:{primary}", "category": "fraud"}]}
    (folder / "rpz.json").write_text(json.dumps(zones))
    server = servers.dnsd(folder, port, [world], "--rpz", folder / "rpz.json")
    return [Subject("khien-dnsd, a third party's zone (`--rpz`)", version_of([servers.DNSD, "--version"]), FEED, port, server)]


def watch(subjects, seconds):
    """Asks all again and again for `seconds`, and notes when an answer is another one for the first time."""
    start = time.monotonic()
    while time.monotonic() - start < seconds:
        for subject in subjects:
            verdict = subject.verdict()
            if subject.lapsed_s is None and verdict != "blocks":
                subject.lapsed_s = time.monotonic() - start
            subject.after = verdict
        time.sleep(0.2)


def print_table(subjects, expire_s):
    print(f"EXPIRE {expire_s} s, the primary silent for {3 * expire_s} s, {time.strftime('%-d %B %Y', time.gmtime())}\n")
    print("| resolver | version | before | after EXPIRE | its log | the primary is back |\n|---|---|---|---|---|---|")
    for subject in subjects:
        after = "still blocks" if subject.lapsed_s is None else f"{subject.after}, since {subject.lapsed_s:.0f} s"
        back = "never blocks again" if subject.back_s is None else f"blocks after {subject.back_s:.1f} s"
        line = subject.line.replace("|", "/")[-150:]
        print(f"| {subject.who} | {subject.version} | blocks | {after} | {line if line == 'none' else f'`{line}`'} | {back} |")


def wrong_of_ours(subjects):
    """khien-dnsd keeps khiend's zones, but for the emergency zone, and obeys EXPIRE of all others."""
    keeps = {"khien-dnsd, khiend's zone": True, "khien-dnsd, khiend's emergency zone": False}
    ours = [one for one in subjects if one.who.startswith("khien-dnsd")]
    return [one.who for one in ours if (one.lapsed_s is None) != keeps.get(one.who, False) or one.back_s is None]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--expire", type=int, default=12, help="seconds (12)")
    expire_s = parser.parse_args().expire
    subjects, running = [], []
    with tempfile.TemporaryDirectory(prefix="khien-expire-") as name:
        folder = Path(name)
        world, primary = servers.free_port(), servers.free_port()
        try:
            running.append(servers.knot(folder / "world", world, {"test.": WORLD}))
            zones = {zone: policy_zone(zone, expire_s) for zone in LISTED}
            knot = servers.knot(folder / "primary", primary, zones, extra="acl:\n  - id: all\n    address: 127.0.0.1\n    action: transfer\n"
                                "template:\n  - id: default\n    acl: all\n")
            running.append(knot)
            for start in (start_unbound, start_bind, start_bind_default, start_recursor, start_knot_resolver, start_dnsd, start_dnsd_third_party):
                try:
                    subjects += start(folder / start.__name__, primary, world)
                except unittest.SkipTest as missing:
                    print(f"left out: {missing}", file=sys.stderr)
            for subject in subjects:
                if not subject.wait_for("blocks"):
                    print(f"{subject.who} never blocked:\n{subject.server.log.read_text(errors='replace')[-3000:]}", file=sys.stderr)
                    return 1
            sizes = [subject.log_size() for subject in subjects]
            knot.process.kill()
            knot.process.wait()
            watch(subjects, 3.0 * expire_s)
            again = servers.Server(folder / "primary", knot.process.args).answers(primary, FEED)
            running.append(again)
            start_s = time.monotonic()
            for subject, size in zip(subjects, sizes):
                subject.line = subject.log_line(size)
            waiting = list(subjects)
            while waiting and time.monotonic() - start_s < WAIT_S:
                for subject in [one for one in waiting if one.verdict() == "blocks"]:
                    subject.back_s = time.monotonic() - start_s
                    waiting.remove(subject)
                time.sleep(0.1)
            print_table(subjects, expire_s)
            for subject in waiting:
                text = subject.server.log.read_text(errors="replace")
                print(f"\n{subject.who} did not block again; the end of its log:\n{text[-2500:]}", file=sys.stderr)
        finally:
            for server in {id(one): one for one in running + [server for subject in subjects for server in subject.servers]}.values():
                server.stop()
    wrong = wrong_of_ours(subjects)
    for who in wrong:
        print(f"{who}: not what its ADR says", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
