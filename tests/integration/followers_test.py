#!/usr/bin/python3
"""One zone of ours at every resolver that an ISP runs: khien-dnsd, Unbound, BIND, PowerDNS Recursor, Knot Resolver with a file that `khienctl zone follow`
keeps, and Unbound behind a Knot DNS tier. They live in a network namespace and follow our primary outside of it, while STEPS (1,000) random changes go on;
then each is asked the same NAMES (100,000). Then their link is cut, a fifth as many steps go on, the link comes back, and they are asked a fifth as many
names. Every verdict must be what the plain set of orders says. KHIEN_SEED repeats a run."""

import ctypes
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import servers
from servers import HOST

ROOT = servers.ROOT
BIN = Path(os.environ.get("KHIEN_BIN_FOLDER", ROOT / "build/release/bin")).absolute()
ZONE = "orders-phishing.rpz.khien"
PRIMARY, FOLLOWERS, PORT = "10.213.0.1", "10.213.0.2", 5390
STEPS = int(os.environ.get("KHIEN_STEPS", 1_000))
NAMES = int(os.environ.get("KHIEN_NAMES", 100_000))
SEED = int(os.environ.get("KHIEN_SEED", time.time_ns() % 1_000_000))
CONVERGE_S = 180  # a follower that missed every NOTIFY asks after 30 s
CLONE_NEWNET = 0x4000_0000


def run(*words):
    subprocess.run([str(word) for word in words], check=True, capture_output=True)


class Namespace:
    """Joined by a veth pair to where this process was; it lives in it from enter() on."""

    def __init__(self):
        self.name = f"khien-f{os.getpid()}"
        self.outside, self.inside = f"kf{os.getpid() % 100_000}a", f"kf{os.getpid() % 100_000}b"
        try:
            run("ip", "netns", "add", self.name)
        except (OSError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"no network namespace can be made here: {error}") from error
        run("ip", "link", "add", self.outside, "type", "veth", "peer", "name", self.inside, "netns", self.name)
        run("ip", "address", "add", f"{PRIMARY}/30", "dev", self.outside)
        run("ip", "link", "set", self.outside, "up")
        self.home = os.open("/proc/self/ns/net", os.O_RDONLY)

    def enter(self):
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        self.go(there)
        os.close(there)
        run("ip", "link", "set", "lo", "up")
        run("ip", "address", "add", f"{FOLLOWERS}/30", "dev", self.inside)
        self.link("up")

    def go(self, fd):
        if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    def link(self, state):
        run("ip", "link", "set", self.inside, state)

    def remove(self):
        self.go(self.home)
        os.close(self.home)
        subprocess.run(["ip", "netns", "delete", self.name], check=False)


class Primary:
    """khien_zone_server, outside."""

    def __init__(self, folder, notify):
        folder.mkdir()
        self.process = subprocess.Popen(
            [BIN / "khien_zone_server", folder, f"{PRIMARY}:{PORT}", *notify], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout.readline() == "ready\n"

    def commit(self, lines):
        self.process.stdin.write("".join(f"{line}\n" for line in [*lines, "commit"]))
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


class Orders:
    """The plain set of orders, and chance."""

    def __init__(self, rng):
        self.rng, self.held = rng, {}

    def name(self):
        name = f"{self.rng.choice('abcdefgh')}{self.rng.randrange(4_000)}.{self.rng.choice(('example', 'vn.example', 'test'))}"
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2, 3))):
            name = f"{self.rng.choice('xyz')}.{name}"
        return name

    def set(self, name, scope):
        self.held[name] = scope
        return f"add {name} {scope}"

    def step(self):
        lines = []
        for _ in range(self.rng.randint(1, 5)):
            if self.held and self.rng.random() < 0.45:
                name = self.rng.choice(list(self.held))
                del self.held[name]
                lines.append(f"remove {name}")
                continue
            name = self.name()
            if self.held and self.rng.random() < 0.4:  # near one that stands: below it, beside it, above it
                near = self.rng.choice(list(self.held))
                name = self.rng.choice((f"x.{near}", f"y.x.{near}", near.split(".", 1)[1] if near.count(".") > 2 else near))
            if name.count(".") < 1 or name in ("vn.example",):
                continue
            lines.append(self.set(name, self.rng.choice(("host", "domain"))))
        return lines

    def is_blocked(self, name):
        if name in self.held:
            return True
        above = name
        while "." in above:
            above = above.split(".", 1)[1]
            if self.held.get(above) == "domain":
                return True
        return False

    def question(self, names):
        dice = self.rng.random()
        if dice < 0.35:
            return self.name()
        name = self.rng.choice(names)
        if dice < 0.55:
            return name
        if dice < 0.85:
            return f"{self.rng.choice(('x', 'y', 'www', 'q.x', 'x.y.x'))}.{name}"
        return name.split(".", 1)[1] if name.count(".") > 1 else f"q{name}"


class FollowersTest(unittest.TestCase):
    def setUp(self):
        for program in ("khien_zone_server", "khien-dnsd", "khienctl", "bench_dns_load"):
            if not (BIN / program).exists():
                self.skipTest(f"{BIN / program} is not built (the last needs -DKHIEN_BENCH=ON)")
        self.folder = Path(tempfile.mkdtemp(prefix="khien-followers-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.namespace = Namespace()
        self.addCleanup(self.namespace.remove)
        wanted = {"khien-dnsd": None, "unbound": "unbound", "bind": "named", "powerdns": "pdns_recursor", "knot-resolver": "kresd", "tier": "knotd"}
        self.missing = [who for who, program in wanted.items() if program and not self.has(program)]
        self.peers = [who for who in wanted if who not in self.missing and (who != "tier" or "unbound" not in self.missing)]
        self.ports = {who: 10_100 + i for i, who in enumerate([*self.peers, "upstream", "tier-primary"])}
        notify = [f"{FOLLOWERS}:{self.ports[who]}" for who in self.peers if who not in ("knot-resolver", "tier", "powerdns")]
        if "tier" in self.peers:
            notify.append(f"{FOLLOWERS}:{self.ports['tier-primary']}")
        self.primary = Primary(self.folder / "zones", notify)
        self.addCleanup(self.primary.stop)
        self.namespace.enter()

    @staticmethod
    def has(name):
        try:
            return bool(servers.program(name))
        except unittest.SkipTest:
            return False

    def start(self, who, *command):
        server = servers.Server(self.folder / who, command)
        self.addCleanup(server.stop)
        return server

    def write(self, who, name, text):
        (self.folder / who).mkdir(exist_ok=True)
        (self.folder / who / name).write_text(text)
        return self.folder / who / name

    def start_unbound(self, who, primary):
        config = self.write(
            who,
            "unbound.conf",
            f'server:\n  interface: {HOST}@{self.ports[who]}\n  interface: {FOLLOWERS}@{self.ports[who]}\n  num-threads: 1\n  do-daemonize: no\n  username: ""\n'
            f'  chroot: ""\n  directory: "{self.folder / who}"\n  pidfile: ""\n  use-syslog: no\n  module-config: "respip iterator"\n'
            f'  access-control: 127.0.0.0/8 allow\n  access-control: {PRIMARY}/32 allow\n  do-not-query-localhost: no\n  local-zone: "test." nodefault\n  local-zone: "example." nodefault\n'
            f"  outgoing-range: 4096\n  num-queries-per-thread: 4096\nrpz:\n  name: {ZONE}\n  primary: {primary}\n  allow-notify: {primary.split('@')[0]}\n"
            f'forward-zone:\n  name: "."\n  forward-addr: {HOST}@{self.ports["upstream"]}\nremote-control:\n  control-enable: no\n',
        )
        self.start(who, servers.program("unbound"), "-d", "-c", config)

    def start_bind(self):
        folder = self.folder / "bind"
        config = self.write(
            "bind",
            "named.conf",
            f'options {{ directory "{folder}"; pid-file none; session-keyfile "{folder}/k"; listen-on port {self.ports["bind"]} {{ {HOST}; {FOLLOWERS}; }};\n'
            f"  listen-on-v6 {{ none; }}; recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable no; serial-query-rate 1000;\n"
            f"  forwarders port {self.ports['upstream']} {{ {HOST}; }}; forward only; recursive-clients 10000; notify no;\n"
            f'  response-policy {{ zone "{ZONE}"; }} qname-wait-recurse no min-update-interval 0; }};\ncontrols {{ }};\n'
            f'zone "{ZONE}" {{ type secondary; primaries {{ {PRIMARY} port {PORT}; }}; file "{folder}/zone"; allow-notify {{ {PRIMARY}; }};\n'
            f"  min-refresh-time 1; min-retry-time 1; }};\n",
        )
        self.start("bind", servers.program("named"), "-g", "-n", "1", "-c", config)

    def start_powerdns(self):
        lua = self.write("powerdns", "zones.lua", f'rpzPrimary("{PRIMARY}:{PORT}", "{ZONE}", {{refresh=1}})\n')
        options = {
            "local-address": f"{HOST}:{self.ports['powerdns']}", "socket-dir": self.folder / "powerdns", "forward-zones-recurse": f".={HOST}:{self.ports['upstream']}",
            "lua-config-file": lua, "dont-query": "", "dnssec": "off", "threads": 1, "security-poll-suffix": "", "config-dir": self.folder / "powerdns",
            "daemon": "no", "hint-file": "no", "write-pid": "no", "max-mthreads": 4096, "packetcache-ttl": 1,
        }
        self.start("powerdns", servers.program("pdns_recursor"), *(f"--{key}={value}" for key, value in options.items()))

    def start_knot_resolver(self):
        file = self.folder / "knot-resolver" / "zone.rpz"
        file.parent.mkdir()
        self.start("follow", BIN / "khienctl", "zone", "follow", "orders-phishing", file, "--primary", f"{PRIMARY}:{PORT}")
        end = time.monotonic() + 60
        while not file.exists() and time.monotonic() < end:
            time.sleep(0.05)
        config = self.write(
            "knot-resolver",
            "kresd.conf",
            f"net.listen('{HOST}', {self.ports['knot-resolver']}, {{ kind = 'dns' }})\nmodules = {{ 'policy' }}\ntrust_anchors.remove('.')\ncache.size = 100 * MB\n"
            f"log_level('notice')\npolicy.add(policy.rpz(policy.DENY, '{file}', true))\npolicy.add(policy.all(policy.STUB({{'{HOST}@{self.ports['upstream']}'}})))\n",
        )
        self.start("knot-resolver", servers.program("kresd"), "-n", "-c", config, self.folder / "knot-resolver")

    def start_tier(self):
        folder, port = self.folder / "knot", self.ports["tier-primary"]
        config = self.write(
            "knot",
            "knot.conf",
            f'server:\n    listen: [ {FOLLOWERS}@{port}, {HOST}@{port} ]\n    rundir: "{folder}"\n    pidfile: "{folder}/pid"\ndatabase:\n    storage: "{folder}"\n'
            f"remote:\n  - id: khien\n    address: {PRIMARY}@{PORT}\n  - id: behind\n    address: {HOST}@{self.ports['tier']}\n"
            f"acl:\n  - id: from-khien\n    address: {PRIMARY}\n    action: notify\n  - id: behind\n    address: 127.0.0.0/8\n    action: transfer\n"
            f'zone:\n  - domain: {ZONE}\n    storage: "{folder}"\n    master: khien\n    notify: behind\n    acl: [ from-khien, behind ]\n    zonefile-sync: -1\n'
            f"    journal-content: all\n    retry-min-interval: 2\n",
        )
        self.start("knot", servers.program("knotd"), "-c", config).answers(port, ZONE)
        self.start_unbound("tier", f"{HOST}@{port}")

    def start_peers(self):
        load = BIN / "bench_dns_load"
        self.start("upstream", load, "floor", HOST, self.ports["upstream"])
        (self.folder / "khien-dnsd").mkdir()
        self.start(
            "khien-dnsd", BIN / "khien-dnsd", "--listen", f"{HOST}:{self.ports['khien-dnsd']}", "--listen", f"{FOLLOWERS}:{self.ports['khien-dnsd']}",
            "--upstream", f"{HOST}:{self.ports['upstream']}", "--primary", f"{PRIMARY}:{PORT}", "--zones", "orders-phishing",
        )
        starts = {"unbound": lambda: self.start_unbound("unbound", f"{PRIMARY}@{PORT}"), "bind": self.start_bind, "powerdns": self.start_powerdns,
                  "knot-resolver": self.start_knot_resolver, "tier": self.start_tier}
        for who in self.peers:
            if who in starts:
                starts[who]()

    def mark(self, orders, name):
        """One more name, by which it is seen who has all before it."""
        self.primary.commit([orders.set(name, "host")])
        begin = time.monotonic()
        for who in self.peers:
            while True:
                try:
                    if servers.ask(self.ports[who], name, timeout=1).rcode() == 3:
                        break
                except Exception:
                    pass
                self.assertLess(time.monotonic() - begin, CONVERGE_S, f"{who} has not {name}; its log: {(self.folder / who / 'log').read_text(errors='replace')[-1_500:]}")
                time.sleep(0.05)
            print(f"  {who} has it after {time.monotonic() - begin:.1f} s", flush=True)

    def compare(self, orders, count, what):
        listed = list(orders.held)
        questions = [orders.question(listed) for _ in range(count)]
        file = self.folder / "questions"
        file.write_text("".join(f"{name}\n" for name in questions))
        expected = "".join("3" if orders.is_blocked(name) else "a" for name in questions)
        for who in self.peers:
            begin = time.monotonic()
            out = subprocess.run([BIN / "bench_dns_load", "verdicts", HOST, str(self.ports[who]), file], check=True, capture_output=True, text=True)
            verdicts = out.stdout.strip()
            self.assertEqual(len(verdicts), len(expected))
            different = [i for i, (got, want) in enumerate(zip(verdicts, expected, strict=True)) if got != want]
            self.assertEqual([(questions[i], verdicts[i], expected[i]) for i in different[:10]], [], f"{who} {what}: {len(different)} of {count} differ")
            print(f"  {who}: {count} verdicts as the orders say ({expected.count('3')} blocked) {what}, {time.monotonic() - begin:.1f} s", flush=True)

    def test_everywhere(self):
        print(f"seed {SEED}; followers: {', '.join(self.peers)}" + (f"; not installed: {', '.join(self.missing)}" if self.missing else ""))
        orders = Orders(random.Random(SEED))
        self.primary.commit([orders.set(orders.name(), orders.rng.choice(("host", "domain"))) for _ in range(5_000)])
        self.start_peers()
        self.mark(orders, "bat-dau.moc.test")
        for _ in range(STEPS):
            self.primary.commit(orders.step())
        self.mark(orders, "truoc-khi-cat.moc.test")
        self.compare(orders, NAMES, f"after {STEPS} steps")
        self.namespace.link("down")
        for _ in range(STEPS // 5):
            self.primary.commit(orders.step())
        for who in self.peers:  # cut off, each goes on with what it has
            self.assertEqual(servers.ask(self.ports[who], "truoc-khi-cat.moc.test", timeout=3).rcode(), 3, who)
        self.namespace.link("up")
        self.mark(orders, "sau-khi-noi.moc.test")
        self.compare(orders, NAMES // 5, "after the cut")


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"])
