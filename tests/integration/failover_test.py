#!/usr/bin/python3
"""One of two real upstreams stops answering (SIGSTOP: its port stays open and silent), comes back, and is killed. Every question is
answered all the same. How long clients waited is printed, not asserted: that depends on the machine.

FAILOVER_QUESTIONS says how many questions each phase has (400)."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import dns.message
import dns.rcode

import servers

sys.path.insert(0, str(servers.ROOT / "tools"))
import respdiff  # noqa: E402

QUESTIONS = int(os.environ.get("FAILOVER_QUESTIONS", "400"))
WORKERS = 8
ZONE = """$ORIGIN thu.test.
$TTL 300
@ SOA ns.thu.test. hostmaster.thu.test. 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
* A {address}
"""


class Failover(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="khien-failover-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        ports = [servers.free_port() for _ in range(4)]
        self.upstreams = []
        for number, port in enumerate(ports[:2], start=1):
            zone = {"thu.test.": ZONE.format(address=f"192.0.2.{number}")}
            self.upstreams.append(servers.knot(self.folder / f"upstream{number}", port, zone))
            self.addCleanup(self.upstreams[-1].stop)
        self.front, self.status = ports[2:]
        self.dnsd = servers.dnsd(self.folder / "dnsd", self.front, ports[:2], status=self.status)
        self.addCleanup(self.dnsd.stop)
        self.asked = 0

    def ask_many(self, what):
        """New names by several clients at a time; every one must be NOERROR."""

        async def run():
            client = await respdiff.open_client(f"{servers.HOST}:{self.front}")
            waits, bad = [], []
            end = self.asked + QUESTIONS

            async def work():
                while self.asked < end:
                    self.asked += 1
                    begin = time.monotonic()
                    answer = await client.ask(f"n{self.asked}.thu.test", 1, False)
                    waits.append((time.monotonic() - begin) * 1000)
                    if answer is None or dns.message.from_wire(answer).rcode() != dns.rcode.NOERROR:
                        bad.append(answer)

            await asyncio.gather(*(work() for _ in range(WORKERS)))
            client.transport.close()
            return sorted(waits), bad

        waits, bad = asyncio.run(run())
        quantiles = [waits[min(int(len(waits) * q), len(waits) - 1)] for q in (0.5, 0.9, 0.99)]
        late = sum(wait > 50 for wait in waits)
        print(f"{what}: {len(waits)} questions, p50 {quantiles[0]:.1f}, p90 {quantiles[1]:.1f}, p99 {quantiles[2]:.1f}, "
              f"max {waits[-1]:.1f} ms; {late} above 50 ms")
        self.assertEqual(bad, [])

    def health(self):
        with urllib.request.urlopen(f"http://{servers.HOST}:{self.status}/healthz") as page:
            return page.read().decode()

    def state_of(self, number):
        lines = [line for line in self.health().splitlines() if line.startswith("upstream ")]
        return lines[number].split(" for . ")[1].split(",")[0].split(" ")[0]

    def wait_for_state(self, number, states):
        end = time.monotonic() + servers.START_S
        while time.monotonic() < end:
            # Only questions show how an upstream does.
            self.ask_one()
            if self.state_of(number) in states:
                return
        self.fail(f"upstream {number} is not {states}:\n{self.health()}")

    def ask_one(self):
        self.asked += 1
        answer = servers.ask(self.front, f"n{self.asked}.thu.test")
        self.assertEqual(answer.rcode(), dns.rcode.NOERROR)

    def test_no_question_is_lost(self):
        print()
        self.ask_many("both answer")
        self.upstreams[0].signal(signal.SIGSTOP)
        self.ask_many("the first falls silent")
        self.wait_for_state(0, ("suspect", "down"))
        self.ask_many("and stays silent")
        self.assertEqual(self.state_of(1), "up")
        self.upstreams[0].signal(signal.SIGCONT)
        self.wait_for_state(0, ("up",))
        self.ask_many("it is back")
        self.upstreams[1].signal(signal.SIGKILL)
        self.upstreams[1].process.wait()
        self.ask_many("the second is killed")
        self.wait_for_state(1, ("suspect", "down"))
        print(self.health())


if __name__ == "__main__":
    unittest.main()
