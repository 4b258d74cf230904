#!/usr/bin/python3
"""khien-dnsd looks for new names and writes dnstap, and nothing that it leaves on the disk says who asked. Clients have addresses all over
127.0.0.0/8; Knot DNS answers. What was written is then searched for every one of them: as text, as octets in both orders, in hexadecimal."""

import datetime
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

import dns.edns
import dns.message
import dns.query
import dns.rcode

import servers

ZONE = """$ORIGIN {name}
$TTL {ttl}
@ SOA ns.{name} hostmaster.{name} 1 3600 600 86400 60
@ NS ns
@ A 192.0.2.1
ns A 192.0.2.1
* A 192.0.2.2
"""
# Registrable names by the list's default rule; their TTLs are a day and none at all.
ZONES = {"dai.test.": 86400, "ngan.test.": 0, "chin.test.": 86400, "it.test.": 300, "chan.test.": 300}
COOKIE = bytes.fromhex("c001d00dc001d00d")
SUBNET = "203.0.113.0"
UNKNOWN = bytes.fromhex("5ec7e75ec7e75ec7")


def client(number):
    """A host of network `number`: no two have the same first three octets."""
    return f"127.{1 + number // 250}.{1 + number % 250}.{17 + number % 200}"


def query(name, *options, rdtype="A"):
    return dns.message.make_query(name, rdtype, use_edns=0, payload=1232, options=list(options))


def personal_options():
    return [
        dns.edns.GenericOption(dns.edns.COOKIE, COOKIE),
        dns.edns.ECSOption(SUBNET, 24),
        dns.edns.GenericOption(65001, UNKNOWN),
    ]


def traces_of(address):
    """All the ways in which it could stand in a file."""
    octets = socket.inet_aton(address)
    forms = {address.encode(), octets, octets[::-1]}
    for some in (octets, octets[::-1]):
        forms |= {some.hex().encode(), some.hex().upper().encode()}
    return forms


class Telemetry(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="khien-telemetry-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.upstream = servers.free_port()
        zones = {name: ZONE.format(name=name, ttl=ttl) for name, ttl in ZONES.items()}
        cls.knot = servers.knot(cls.folder / "knot", cls.upstream, zones)
        cls.addClassCleanup(cls.knot.stop)

    def start(self, *more):
        self.front, self.status = servers.free_port(), servers.free_port()
        self.home = self.folder / self._testMethodName
        self.dnsd = servers.dnsd(self.home, self.front, [self.upstream], "--snapshot", str(self.home / "snapshot"), *more, status=self.status)
        self.addCleanup(self.dnsd.stop)

    def metrics(self):
        with urllib.request.urlopen(f"http://{servers.HOST}:{self.status}/metrics") as page:
            return page.read().decode()

    def number(self, name):
        for line in self.metrics().splitlines():
            if line.startswith(f"khien_dnsd_{name} "):
                return int(line.split()[-1])
        self.fail(f"there is no {name}")

    def wait_for(self, name, value):
        end = time.monotonic() + servers.START_S
        while self.number(name) < value and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.number(name), value, name)

    def ask(self, name, address, tcp=False, options=(), **more):
        asked = query(name, *options, **more)
        if tcp:
            return dns.query.tcp(asked, servers.HOST, port=self.front, source=address, timeout=10)
        for attempt in range(3):
            try:
                return dns.query.udp(asked, servers.HOST, port=self.front, source=address, timeout=5)
            except dns.exception.Timeout:
                if attempt == 2:
                    raise

    def check_no_trace(self, traces, at_least=1):
        """Nothing below this test's folder, nor anything else that is open, holds one of them."""
        files = {file for file in self.home.rglob("*") if file.is_file()}
        for link in Path(f"/proc/{self.dnsd.process.pid}/fd").glob("*"):
            target = Path(os.path.realpath(link))
            if target.is_file() and not str(target).startswith(("/proc", "/dev", "/sys")):
                self.assertTrue(target.is_relative_to(self.home), target)
        self.dnsd.stop()
        files |= {file for file in self.home.rglob("*") if file.is_file()}
        self.assertGreaterEqual(len(files), at_least)
        self.assertTrue(any(trace in b"x" + next(iter(traces)) for trace in traces), "the search itself")
        for file in files:
            if not file.exists():
                continue
            octets = file.read_bytes()
            for trace in traces:
                self.assertNotIn(trace, octets, f"{file} holds {trace!r}")

    # ---- new names ----

    def test_a_name_is_told_at_k_networks_and_no_one_is_written_down(self):
        self.start("--new-names-min", "10", "--new-names-learning", "0")
        addresses = [client(number) for number in range(300)]
        asked = 0
        # One answer for a day in the cache, one that is fetched each time, and one over both transports.
        for name in ("dai.test", "ngan.test"):
            for number in range(9):
                self.ask(f"www.{name}", addresses[number], tcp=number % 2 == 1 and name == "ngan.test")
                asked += 1
        for number in range(9):  # nine networks, again and again
            for _ in range(3):
                self.ask("chin.test", addresses[number])
                asked += 1
        self.wait_for("new_names_observed_total", asked)
        self.assertEqual(self.number("new_names_waiting"), 0)
        self.assertEqual(self.number("new_names_candidates"), 3)
        self.ask("www.dai.test", addresses[9])
        self.wait_for("new_names_waiting", 1)
        self.ask("mail.ngan.test", addresses[9])
        self.wait_for("new_names_waiting", 2)
        self.assertEqual(self.number("new_names_candidates"), 1)
        # What has no answer is nobody's business.
        for number in range(20):
            self.ask("khong-co.vo-danh.test", addresses[number])
        for number, address in enumerate(addresses):  # the load
            self.ask(f"n{number % 7}.it.test", address, options=personal_options())
        self.wait_for("new_names_waiting", 3)
        self.assertEqual(self.number("new_names_candidates"), 1)
        traces = set().union(*(traces_of(address) for address in addresses))
        self.check_no_trace(traces, at_least=2)
        self.assertTrue((self.home / "snapshot" / "seen.khien").exists())
        self.assertEqual(os.stat(self.home / "snapshot" / "seen.khien").st_mode & 0o777, 0o600)

    def test_names_are_learnt_first_and_a_restart_remembers(self):
        self.start("--new-names-min", "2")
        for number in range(2):
            self.ask("www.dai.test", client(number))
        self.wait_for("new_names_learnt_total", 1)
        self.dnsd.stop()
        self.start_again("--new-names-min", "2", "--new-names-learning", "0")
        self.assertEqual(self.number("new_names_known"), 1)
        self.dnsd.stop()
        (self.home / "snapshot" / "seen.khien").write_bytes(b"damaged")
        self.start_again("--new-names-min", "2")
        self.assertEqual(self.number("new_names_known"), 0)
        self.assertIn("seen_names_refused", self.dnsd.log.read_text())

    def start_again(self, *more):
        self.dnsd = servers.dnsd(self.home, self.front, [self.upstream], "--snapshot", str(self.home / "snapshot"), *more, status=self.status)
        self.addCleanup(self.dnsd.stop)

    def test_without_the_option_nobody_looks(self):
        self.start()
        self.ask("dai.test", client(1))
        self.assertNotIn("new_names", self.metrics())
        self.assertFalse((self.home / "snapshot" / "seen.khien").exists())

    # ---- dnstap ----

    def until(self, **ahead):
        return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def make_certificate(self):
        openssl = servers.program("openssl")
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        if not certificate.exists():
            subprocess.run(
                [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                 "-subj", "/CN=dns.test", "-addext", "subjectAltName=DNS:dns.test", "-keyout", key, "-out", certificate],
                check=True, capture_output=True,
            )
        return certificate, key

    def test_dnstap_is_read_by_others_and_holds_no_client(self):
        kdig, dnstap_read = servers.program("kdig"), servers.program("dnstap-read")
        certificate, key = self.make_certificate()
        dot, doh = servers.free_port(), servers.free_port()
        tap = self.folder / self._testMethodName / "tap.fstrm"
        self.start(
            "--dnstap", str(tap), "--dnstap-until", self.until(minutes=30), "--dot", f"{servers.HOST}:{dot}",
            "--doh", f"{servers.HOST}:{doh}", "--tls-cert", str(certificate), "--tls-key", str(key),
        )
        self.assertEqual(os.stat(tap).st_mode & 0o777, 0o600)
        addresses = [client(number) for number in range(60)]
        ports = set()
        for number, address in enumerate(addresses):
            name = f"WwW.N{number % 5}.Chan.Test"
            if number % 3 == 0:
                answer = self.ask(name, address, tcp=True, options=personal_options())
            else:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                    udp.bind((address, 0))
                    ports.add(udp.getsockname()[1])
                    asked = query(name, *personal_options())
                    answer = dns.query.udp(asked, servers.HOST, port=self.front, timeout=20, sock=udp)
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            self.assertTrue(any(option.otype == dns.edns.COOKIE for option in answer.options))
        context = ssl.create_default_context(cafile=certificate)
        for number in range(6):
            answer = dns.query.tls(
                query("qua.tls.chan.test", *personal_options()), servers.HOST, port=dot, source=client(number), timeout=10,
                ssl_context=context, server_hostname="dns.test",
            )
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
        https = subprocess.run(
            [kdig, f"@{servers.HOST}", "-p", str(doh), "+https", "+tls-hostname=dns.test", f"+tls-ca={certificate}", "+cookie=" + COOKIE.hex(),
             "-b", client(59), "qua.https.chan.test"], capture_output=True, text=True, check=True,
        )
        self.assertIn("192.0.2.2", https.stdout)
        frames = 2 * (60 + 6 + 1)  # client queries and responses; as many of upstreams come beside
        end = time.monotonic() + servers.START_S
        while self.number("dnstap_frames_total") < frames and time.monotonic() < end:
            time.sleep(0.05)
        in_file = self.number("dnstap_frames_total")
        self.assertGreaterEqual(in_file, frames)

        traces = set().union(*(traces_of(address) for address in addresses))
        traces |= {COOKIE, COOKIE[::-1], COOKIE.hex().encode(), UNKNOWN, socket.inet_aton(SUBNET)[:3]}
        self.check_no_trace(traces, at_least=2)  # stops it, which ends the file

        read = subprocess.run([dnstap_read, tap], capture_output=True, text=True, check=True)
        lines = read.stdout.splitlines()
        self.assertEqual(len(lines), in_file + self.after_count(tap, in_file), read.stderr)
        self.assertEqual(sum(" CQ " in line and "chan.test" in line for line in lines), 67)
        self.assertEqual(sum(" CR " in line and "chan.test" in line for line in lines), 67)
        self.assertGreater(sum(" FQ " in line for line in lines), 6)
        self.assertTrue(any("qua.https.chan.test" in line for line in lines))
        self.assertFalse(any("Chan" in line for line in lines))
        detail = subprocess.run([dnstap_read, "-y", tap], capture_output=True, text=True, check=True).stdout
        for way in ("UDP", "TCP"):  # BIND 9.18 does not know the others
            self.assertTrue(f"socket_protocol: {way}" in detail, way)
        for word in ("query_port: [1-9]", "response_port: [1-9]", r"query_address: \"?[0-9]", r"response_address: \"?[0-9]", "COOKIE", "CLIENT-SUBNET"):
            self.assertIsNone(re.search(word, detail), word)
        self.assertEqual(set(re.findall(r"id: +(\d+)", detail)), {"0"})
        shown = subprocess.run([kdig, "-G", tap], capture_output=True, text=True, check=True).stdout
        self.assertEqual(shown.count("QUESTION SECTION"), sum(" CR " in line or " FR " in line for line in lines))  # it shows answers
        self.assertFalse("COOKIE" in shown or "CLIENT SUBNET" in shown.upper())
        # Ports would stand there as varints, in fields that do not occur: every message is known field by field.
        self.assertEqual(self.check_fields(tap), {1, 2, 3, 4})  # UDP, TCP, DoT, DoH
        self.assertTrue(ports)

    def after_count(self, tap, in_file):
        """Frames that came between the count and the end."""
        return len(self.data_frames(tap)) - in_file

    def data_frames(self, tap):
        octets = tap.read_bytes()
        frames, at, ended = [], 0, False
        while at < len(octets):
            (size,) = struct.unpack_from(">I", octets, at)
            at += 4
            if size == 0:
                (size,) = struct.unpack_from(">I", octets, at)
                (kind,) = struct.unpack_from(">I", octets, at + 4)
                ended = kind == 3
                at += 4 + size
                continue
            frames.append(octets[at : at + size])
            at += size
        self.assertTrue(ended, "no STOP")
        return frames

    def check_fields(self, tap):
        def fields(octets):
            at = 0

            def varint():
                nonlocal at
                value, shift = 0, 0
                while True:
                    value |= (octets[at] & 0x7F) << shift
                    shift += 7
                    at += 1
                    if octets[at - 1] < 0x80:
                        return value

            while at < len(octets):
                tag = varint()
                if tag & 7 == 0:
                    yield tag >> 3, varint()
                else:
                    self.assertEqual(tag & 7, 2)
                    size = varint()
                    yield tag >> 3, octets[at : at + size]
                    at += size

        protocols = set()
        for frame in self.data_frames(tap):
            outer = dict(fields(frame))
            self.assertEqual(set(outer), {2, 14, 15})
            inner = dict(fields(outer[14]))
            self.assertIn(set(inner), ({1, 3, 8, 10}, {1, 3, 12, 14}))  # kind, protocol, seconds, message
            message = inner.get(10) or inner.get(14)
            self.assertEqual(message[:2], b"\0\0")
            protocols.add(inner[3])
        return protocols

    def test_dnstap_for_more_than_a_day_is_refused(self):
        done = subprocess.run(
            [servers.DNSD, "--listen", f"{servers.HOST}:{servers.free_port()}", "--upstream", f"{servers.HOST}:{self.upstream}",
             "--dnstap", self.folder / "long.fstrm", "--dnstap-until", self.until(hours=25)], capture_output=True, text=True, timeout=60,
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("at most 24 hours ahead", done.stderr)
        self.assertFalse((self.folder / "long.fstrm").exists())

    def test_dns_starts_without_dnstap_when_its_end_is_over_or_its_file_is_there(self):
        late = self.folder / "late.fstrm"
        self.start("--dnstap", str(late), "--dnstap-until", self.until(minutes=-1))
        self.assertEqual(self.ask("dai.test", client(1)).rcode(), dns.rcode.NOERROR)
        self.assertFalse(late.exists())
        self.assertIn("is over", self.dnsd.log.read_text())
        self.dnsd.stop()
        late.write_text("mine")
        self.start_again("--dnstap", str(late), "--dnstap-until", self.until(minutes=5))
        self.assertEqual(self.ask("dai.test", client(1)).rcode(), dns.rcode.NOERROR)
        self.assertEqual(late.read_text(), "mine")
        self.assertIn("it is there already", self.dnsd.log.read_text())

    def test_dnstap_ends_at_its_time_while_dns_goes_on(self):
        tap = self.folder / "short.fstrm"
        self.start("--dnstap", str(tap), "--dnstap-until", self.until(seconds=25))
        self.ask("dai.test", client(1))
        end = time.monotonic() + servers.START_S
        while self.number("dnstap_on") == 1 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(self.number("dnstap_on"), 0)
        frames = len(self.data_frames(tap))
        self.assertEqual(self.ask("dai.test", client(2)).rcode(), dns.rcode.NOERROR)
        self.dnsd.signal(signal.SIGTERM)
        self.dnsd.process.wait(20)
        self.assertEqual(len(self.data_frames(tap)), frames)


if __name__ == "__main__":
    unittest.main()
