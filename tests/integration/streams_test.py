#!/usr/bin/python3
"""khien-dnsd asks its upstream over TLS and over plain TCP: a real Unbound, whose certificate it trusts by name, by pin, or not."""

import base64
import hashlib
import shutil
import subprocess
import tempfile
import unittest
import urllib.request
from pathlib import Path

import dns.flags
import dns.rcode

import servers

LARGE = " ".join("x" * 250 for _ in range(12))
QUESTIONS = 300


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unbound, openssl = servers.program("unbound"), servers.program("openssl")
        cls.folder = Path(tempfile.mkdtemp(prefix="khien-streams-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.certificate, key = cls.folder / "cert.pem", cls.folder / "key.pem"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=dns.tls.test", "-addext", "subjectAltName=DNS:dns.tls.test", "-keyout", key, "-out", cls.certificate],
            check=True, capture_output=True,
        )
        public = subprocess.run([openssl, "x509", "-in", cls.certificate, "-noout", "-pubkey"], check=True, capture_output=True)
        der = subprocess.run([openssl, "pkey", "-pubin", "-outform", "DER"], input=public.stdout, check=True, capture_output=True)
        cls.pin = base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()
        cls.tls, cls.plain = servers.free_port(), servers.free_port()
        conf = cls.folder / "unbound.conf"
        conf.write_text(f"""
server:
    directory: "{cls.folder}"
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    interface: {servers.HOST}@{cls.plain}
    interface: {servers.HOST}@{cls.tls}
    tls-port: {cls.tls}
    tls-service-key: "{key}"
    tls-service-pem: "{cls.certificate}"
    local-zone: "tls.test." redirect
    local-data: "tls.test. 300 A 192.0.2.10"
    local-zone: "lon.test." static
    local-data: 'lon.test. 300 TXT {LARGE}'
remote-control:
    control-enable: no
""")
        cls.unbound = servers.Server(cls.folder / "unbound", [unbound, "-d", "-p", "-c", conf])
        cls.addClassCleanup(cls.unbound.stop)
        cls.unbound.answers(cls.plain, "tls.test.", "A")

    def start(self, upstream, *more):
        """khien-dnsd with this upstream; its ports."""
        front, status = servers.free_port(), servers.free_port()
        folder = self.folder / f"dnsd{front}"
        dnsd = servers.dnsd(folder, front, [upstream], "--upstream-ca", str(self.certificate), *more, status=status)
        self.addCleanup(dnsd.stop)
        return front, status

    def page(self, status, path):
        with urllib.request.urlopen(f"http://{servers.HOST}:{status}{path}") as page:
            return page.read().decode()

    def number(self, status, name):
        for line in self.page(status, "/metrics").splitlines():
            if line.startswith(f"khien_dnsd_{name} "):
                return int(line.split()[-1])
        self.fail(f"there is no {name}")

    def check_it_resolves(self, upstream):
        front, status = self.start(upstream)
        for i in range(QUESTIONS):
            answer = servers.ask(front, f"n{i}.tls.test")
            self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
            self.assertEqual(answer.answer[0][0].to_text(), "192.0.2.10")
        self.assertEqual(self.number(status, "upstream_tcp_total"), QUESTIONS)
        self.assertEqual(self.number(status, "upstream_queries_total"), 0)
        self.assertTrue(servers.ask(front, "lon.test", "TXT").flags & dns.flags.TC)
        self.assertEqual(len(servers.ask(front, "lon.test", "TXT", tcp=True).answer[0]), 1)
        self.assertIn(f"upstream {upstream} for . up", self.page(status, "/healthz"))

    def test_over_tls_by_name(self):
        self.check_it_resolves(f"tls://{servers.HOST}:{self.tls}#dns.tls.test")

    def test_over_tls_by_pin(self):
        self.check_it_resolves(f"tls://{servers.HOST}:{self.tls}#pin-sha256={self.pin}")

    def test_over_tcp(self):
        self.check_it_resolves(f"tcp://{servers.HOST}:{self.plain}")

    def check_it_refuses(self, upstream, why):
        front, status = self.start(upstream)
        for i in range(3):
            self.assertEqual(servers.ask(front, f"n{i}.tls.test").rcode(), dns.rcode.SERVFAIL)
        health = self.page(status, "/healthz")
        self.assertIn(f"upstream {upstream} for . down", health)
        self.assertIn(why, health)
        self.assertEqual(self.number(status, "upstream_answers_total"), 0)

    def test_a_stranger_is_asked_nothing(self):
        self.check_it_refuses(f"tls://{servers.HOST}:{self.tls}#other.tls.test", "mismatch")
        wrong = base64.b64encode(hashlib.sha256(b"another key").digest()).decode()
        self.check_it_refuses(f"tls://{servers.HOST}:{self.tls}#pin-sha256={wrong}", "pins")

    def test_an_authority_that_is_unknown_proves_nothing(self):
        front, status = servers.free_port(), servers.free_port()
        upstream = f"tls://{servers.HOST}:{self.tls}#dns.tls.test"
        dnsd = servers.dnsd(self.folder / "untrusting", front, [upstream], status=status)
        self.addCleanup(dnsd.stop)
        self.assertEqual(servers.ask(front, "a.tls.test").rcode(), dns.rcode.SERVFAIL)
        self.assertIn("self-signed certificate", self.page(status, "/healthz"))

    def test_a_good_one_takes_over_from_a_stranger(self):
        good = f"tls://{servers.HOST}:{self.tls}#dns.tls.test"
        front, status = self.start(f"tcp://{servers.HOST}:{servers.free_port()}", "--upstream", good)
        for i in range(20):
            self.assertEqual(servers.ask(front, f"n{i}.tls.test").rcode(), dns.rcode.NOERROR)


if __name__ == "__main__":
    unittest.main()
