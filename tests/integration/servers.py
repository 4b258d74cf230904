"""Real DNS servers on loopback for the tests in this folder: each has a folder and free ports of its own, and ends with
the test. What is missing on this machine skips the test and says so."""

import os
import random
import shutil
import signal
import socket
import subprocess
import time
import unittest
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

ROOT = Path(__file__).resolve().parents[2]
DNSD = Path(os.environ.get("KHIEN_DNSD", ROOT / "build/dev/bin/khien-dnsd"))
HOST = "127.0.0.1"
START_S = 60  # on a machine that is busy with other things


def program(name):
    """Its path; skips the test if it is not installed."""
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def free_port():
    """A port that is free for UDP and TCP just now, below those that outgoing sockets take by themselves meanwhile."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            try:
                tcp.bind((HOST, port))
                udp.bind((HOST, port))
            except OSError:
                continue
            return port


def ask(port, name, rdtype="A", timeout=5.0, tcp=False, want_dnssec=False, flags=0):
    """One question. Tries three times over UDP, as a stub does."""
    query = dns.message.make_query(name, rdtype, use_edns=0, payload=1232, want_dnssec=want_dnssec)
    query.flags |= flags
    if tcp:
        return dns.query.tcp(query, HOST, port=port, timeout=timeout)
    for attempt in range(3):
        try:
            return dns.query.udp(query, HOST, port=port, timeout=timeout)
        except dns.exception.Timeout:
            if attempt == 2:
                raise


class Server:
    """A program in the foreground, its output in FOLDER/log."""

    def __init__(self, folder, command):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log = self.folder / "log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder
            )

    def wait_until(self, ready):
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                if ready():
                    return self
            except (OSError, dns.exception.DNSException):
                pass
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"{self.process.args[0]} did not start:\n{self.log.read_text(errors='replace')[-2000:]}")

    def answers(self, port, name, rdtype="SOA"):
        return self.wait_until(lambda: ask(port, name, rdtype, timeout=0.5).rcode() == dns.rcode.NOERROR)

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def knot(folder, port, zones, signed=(), extra=""):
    """Knot DNS with `zones` (name: text), of which `signed` are signed by it."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    parts = [
        f'server:\n    listen: {HOST}@{port}\n    rundir: "{folder}"\n    pidfile: "{folder}/knot.pid"\n',
        "log:\n  - target: stderr\n    any: warning\n",
        f'database:\n    storage: "{folder}"\n',
        extra,
        "policy:\n  - id: test\n    algorithm: ECDSAP256SHA256\n    single-type-signing: on\n    nsec3: off\n",
        "zone:\n",
    ]
    for name, text in zones.items():
        file = folder / f"{name.rstrip('.') or 'root'}.zone"
        file.write_text(text)
        signing = "    dnssec-signing: on\n    dnssec-policy: test\n" if name in signed else ""
        parts.append(
            f'  - domain: {name}\n    storage: "{folder}"\n    file: "{file.name}"\n    zonefile-sync: -1\n'
            f"    zonefile-load: whole\n    journal-content: none\n{signing}"
        )
    (folder / "knot.conf").write_text("".join(parts))
    server = Server(folder, [program("knotd"), "-c", folder / "knot.conf"])
    return server.answers(port, next(iter(zones)))


def dnsd(folder, port, upstreams, *more, status=None):
    """khien-dnsd, asking `upstreams`."""
    if not DNSD.exists():
        raise unittest.SkipTest(f"{DNSD} is not built")
    command = [DNSD, "--listen", f"{HOST}:{port}", *more]
    for upstream in upstreams:
        command += ["--upstream", upstream if "." in str(upstream) else f"{HOST}:{upstream}"]
    if status is not None:
        command += ["--status", f"{HOST}:{status}"]
    server = Server(folder, command)
    # Any answer will do: REFUSED to a question without RD comes from khien-dnsd itself.
    query = dns.message.make_query("start.test", "A")
    query.flags = 0
    return server.wait_until(lambda: dns.query.udp(query, HOST, port=port, timeout=0.5) is not None)


__all__ = ["DNSD", "HOST", "ROOT", "Server", "ask", "dnsd", "free_port", "knot", "program", "signal"]
