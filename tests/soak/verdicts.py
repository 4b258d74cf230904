#!/usr/bin/python3
"""verdicts.py [--names N] [--rules N] [--seed N]: the same two policy zones at khien-dnsd (by AXFR from Knot DNS), Unbound and BIND (from files), and the
same random names asked of all three: N names (1,000,000) against N rules (200,000). Exit code 1 if a verdict differs without a known reason.

Two reasons are known. Unbound and BIND match wildcards as RFC 4592 does for answers: `*.b.example` does not cover q.c.b.example where anything stands at or
below c.b.example in the same zone. And BIND ends its search at a name that is empty in an earlier zone because only names below it have rules there.
khien-dnsd covers all that lies below a rule, because that is what an order or list says. Such names are counted apart, and only where a plain matcher of
each kind says just that.

The rules come from ../shared/data/blocklists/bench-1m.tsv.xz where it is there, else from the seed: most block a name and all below it, some the name
alone, some only what lies below, some with NODATA; a pass zone before them excepts some names and subtrees. The names asked are listed ones, names below
and beside and above them, and others. A verdict is the rcode and whether there is an answer. The upstream answers everything with one address."""

import argparse
import lzma
import os
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import servers  # noqa: E402

BUILD = Path(os.environ.get("KHIEN_BUILD", servers.ROOT / "build/release"))
LIST = servers.ROOT / "../shared/data/blocklists/bench-1m.tsv.xz"
BLOCK, PASS = "feeds-phishing.rpz.khien.", "pass.rpz.khien."
SHOWN = 20


def listed_names(count, rng):
    if LIST.exists():
        with lzma.open(LIST, "rt") as lines:
            names = [line.split("\t")[0].strip() for line in lines]
        rng.shuffle(names)
        return names[:count]
    print(f"{LIST} is not there: names from the seed instead", file=sys.stderr)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [f"{''.join(rng.choices(letters, k=rng.randint(3, 12)))}{i}.example" for i in range(count)]


def write_zones(folder, listed, rng):
    """The two zones as files; the names that pass."""
    head = " 60 IN SOA localhost. root.localhost. 1 3600 600 864000 60\n@ 60 IN NS localhost.\n"
    passed = []
    with open(folder / "block.zone", "w") as block, open(folder / "pass.zone", "w") as exempt:
        block.write(f"$ORIGIN {BLOCK}\n@{head}")
        exempt.write(f"$ORIGIN {PASS}\n@{head}")
        for name in listed:
            kind, target = rng.random(), "." if rng.random() < 0.95 else "*."
            if kind < 0.95:
                block.write(f"{name} 60 CNAME {target}\n")
            if kind < 0.85 or kind >= 0.95:
                block.write(f"*.{name} 60 CNAME {target}\n")
            if rng.random() < 0.01:
                good = name if rng.random() < 0.5 else f"www.{name}"
                passed.append(good)
                exempt.write(f"{good} 60 CNAME rpz-passthru.\n")
                if rng.random() < 0.5:
                    exempt.write(f"*.{good} 60 CNAME rpz-passthru.\n")
    return passed


class Zone:
    """A policy zone as a plain set of names, matched in both ways."""

    def __init__(self, file):
        self.exact, self.below, self.nodes = {}, {}, set()
        for line in open(file):
            words = line.split()
            if "CNAME" not in words:
                continue
            name, target = words[0].lower(), words[-1]
            wildcard = name.startswith("*.")
            name = name.removeprefix("*.")
            (self.below if wildcard else self.exact)[name] = target
            labels = name.split(".")
            self.nodes.update(".".join(labels[i:]) for i in range(len(labels)))

    def covers(self, name):
        """What the nearest rule at or above `name` says, None for none."""
        if name in self.exact:
            return self.exact[name]
        parents = [name.split(".", i)[i] for i in range(1, name.count(".") + 1)]
        return next((self.below[parent] for parent in parents if parent in self.below), None)

    def by_closest_encloser(self, name):
        if name in self.exact or name in self.nodes:
            return self.exact.get(name)
        parents = [name.split(".", i)[i] for i in range(1, name.count(".") + 1)]
        closest = next((parent for parent in parents if parent in self.nodes), None)
        return self.below.get(closest)


def verdict_of(name, zones, match, stops_at_empty=False):
    for zone in zones:
        target = match(zone, name)
        if target is not None:
            return {".": "3", "*.": "0"}.get(target, "a")
        if stops_at_empty and name in zone.nodes:
            return "a"
    return "a"


def is_explained(name, verdicts, zones):
    name = name.lower()
    covered = verdict_of(name, zones, Zone.covers)
    closest = verdict_of(name, zones, Zone.by_closest_encloser)
    return (
        verdicts["khien-dnsd"] == covered
        # Unbound sees that a name is empty only where one below it sorts before the one in question.
        and verdicts["unbound"] in (covered, closest)
        and verdicts["bind"] in (closest, verdict_of(name, zones, Zone.by_closest_encloser, stops_at_empty=True))
    )


def write_questions(path, count, listed, passed, rng):
    def label():
        return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=rng.randint(1, 10)))

    def question():
        dice, name = rng.random(), rng.choice(listed)
        if dice < 0.05:
            name = rng.choice(passed)
            return name if rng.random() < 0.5 else f"{label()}.{name}"
        if dice < 0.30:
            return name
        if dice < 0.45:
            return f"{rng.choice(('www', 'm', label()))}.{name}"
        if dice < 0.50:
            return f"{label()}.{label()}.{name}"
        if dice < 0.60:
            return f"x{name}"  # another name that ends alike
        if dice < 0.65 and name.count(".") > 1:
            return name.split(".", 1)[1]
        if dice < 0.70:
            return name.swapcase()
        return f"{label()}-{label()}.{rng.choice(('com', 'net', 'org', 'vn', 'com.vn', 'example'))}"

    with open(path, "w") as out:
        written = 0
        while written < count:
            name = question()
            if len(name) <= 250 and all(0 < len(part) <= 63 for part in name.split(".")):
                out.write(name + "\n")
                written += 1


def unbound(folder, port, upstream, files):
    folder.mkdir()
    zones = "".join(f'rpz:\n  name: {name}\n  zonefile: "{file}"\n' for name, file in files)
    (folder / "unbound.conf").write_text(
        f'server:\n  interface: {servers.HOST}@{port}\n  num-threads: 1\n  do-daemonize: no\n  username: ""\n  chroot: ""\n  directory: "{folder}"\n'
        f'  pidfile: ""\n  use-syslog: no\n  module-config: "respip iterator"\n  access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n'
        f'  msg-cache-size: 256m\n  rrset-cache-size: 256m\n  outgoing-range: 4096\n  num-queries-per-thread: 4096\n'
        f'  local-zone: "test." nodefault\n{zones}forward-zone:\n  name: "."\n  forward-addr: {servers.HOST}@{upstream}\n'
        f'remote-control:\n  control-enable: no\n'
    )
    return servers.Server(folder, [servers.program("unbound"), "-d", "-c", folder / "unbound.conf"])


def bind(folder, port, upstream, files):
    folder.mkdir()
    zones = "".join(f'zone "{name}" {{ type primary; file "{file}"; notify no; }};\n' for name, file in files)
    policy = " ".join(f'zone "{name}";' for name, _ in files)
    (folder / "named.conf").write_text(
        f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/k"; listen-on port {port} {{ {servers.HOST}; }};\n'
        f" listen-on-v6 {{ none; }}; recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable no;\n"
        f" forwarders port {upstream} {{ {servers.HOST}; }}; forward only; recursive-clients 10000; notify no;\n"
        f" response-policy {{ {policy} }} qname-wait-recurse no break-dnssec yes; }};\ncontrols {{ }};\n{zones}"
    )
    return servers.Server(folder, [servers.program("named"), "-g", "-n", "1", "-c", folder / "named.conf"])


def knot_primary(folder, port, files):
    folder.mkdir()
    zones = "".join(f'  - domain: {name}\n    file: "{file}"\n    zonefile-sync: -1\n    journal-content: none\n    acl: all\n' for name, file in files)
    (folder / "knot.conf").write_text(
        f'server:\n    listen: {servers.HOST}@{port}\n    rundir: "{folder}"\n    pidfile: "{folder}/pid"\nlog:\n  - target: stderr\n    any: warning\n'
        f'database:\n    storage: "{folder}"\nacl:\n  - id: all\n    address: 127.0.0.0/8\n    action: transfer\nzone:\n{zones}'
    )
    return servers.Server(folder, [servers.program("knotd"), "-c", folder / "knot.conf"])


def compare(arguments, folder):
    rng = random.Random(arguments.seed)
    listed = listed_names(arguments.rules, rng)
    passed = write_zones(folder, listed, rng)
    questions = folder / "questions"
    write_questions(questions, arguments.names, listed, passed, rng)
    files = [(PASS, folder / "pass.zone"), (BLOCK, folder / "block.zone")]

    load = BUILD / "bin/bench_dns_load"
    ports = {name: servers.free_port() for name in ("upstream", "primary", "khien-dnsd", "unbound", "bind")}
    running = [servers.Server(folder / "upstream", [load, "floor", servers.HOST, ports["upstream"]])]
    try:
        running.append(knot_primary(folder / "knot", ports["primary"], files))
        running[-1].wait_until(lambda: servers.ask(ports["primary"], BLOCK, "SOA", timeout=1).answer)
        blocked = Zone(files[1][1])
        known = next(name for name in listed if name not in passed and blocked.exact.get(name) == blocked.below.get(name) == ".")
        (folder / "dnsd").mkdir()
        starts = {
            "khien-dnsd": lambda port: servers.Server(
                folder / "dnsd",
                [BUILD / "bin/khien-dnsd", "--listen", f"{servers.HOST}:{port}", "--upstream", f"{servers.HOST}:{ports['upstream']}",
                 "--primary", f"{servers.HOST}:{ports['primary']}", "--zones", "pass,feeds-phishing"],
            ),
            "unbound": lambda port: unbound(folder / "unbound", port, ports["upstream"], files),
            "bind": lambda port: bind(folder / "bind", port, ports["upstream"], files),
        }
        verdicts = {}
        for name, begin in starts.items():
            servers.START_S = 300  # Unbound and BIND need tens of seconds for a million records
            running.append(begin(ports[name]))
            # BIND answers before it has all rules, and says in its log when it has.
            log = running[-1].log
            running[-1].wait_until(
                lambda: servers.ask(ports[name], f"x.{known}", timeout=1).rcode() == 3
                and (name != "bind" or log.read_text(errors="replace").count("reload done") >= len(files))
            )
            out = subprocess.run([load, "verdicts", servers.HOST, str(ports[name]), questions], check=True, capture_output=True, text=True)
            verdicts[name] = out.stdout.strip()
            running.pop().stop()
            counts = {mark: verdicts[name].count(mark) for mark in sorted(set(verdicts[name]))}
            print(f"{name}: {len(verdicts[name])} verdicts {counts}", flush=True)
    finally:
        for server in reversed(running):
            server.stop()
    different = explained = 0
    zones = [Zone(file) for _, file in files]
    with open(questions) as names:
        for name, *marks in zip(names, *verdicts.values(), strict=True):
            if len(set(marks)) > 1:
                if is_explained(name.strip(), dict(zip(verdicts, marks)), zones):
                    explained += 1
                    continue
                different += 1
                if different <= SHOWN:
                    print(f"differs: {name.strip()}: " + ", ".join(f"{who} {mark}" for who, mark in zip(verdicts, marks)))
    print(f"{different} of {arguments.names} verdicts differ; {explained} more for the known reasons")
    return 1 if different else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="khien-verdicts-"))
    try:
        return compare(arguments, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
