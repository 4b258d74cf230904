#!/usr/bin/python3
"""khien-dnsd, the program in its sandbox, asked over DoT and DoH by other people's clients: what handshakes, HTTP/2 and a new
certificate need of the kernel is not refused by seccomp or Landlock."""

import base64
import shutil
import ssl
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import dns.message
import dns.query
import dns.rcode

import servers

NAME = "dns.tls.test"
ZONE = """$ORIGIN world.test.
@ 300 SOA ns.world.test. x.world.test. 1 60 10 86400 30
@ 300 NS ns.world.test.
ns 300 A 127.0.0.1
ok 300 A 192.0.2.1
"""


class Sandbox(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.openssl, cls.curl = servers.program("openssl"), servers.program("curl")
        cls.folder = Path(tempfile.mkdtemp(prefix="khien-sandbox-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.certificate, cls.key = cls.folder / "cert.pem", cls.folder / "key.pem"
        cls.new_certificate()
        (cls.folder / "phishing.txt").write_text("xau.test\n")
        world, cls.plain, cls.dot, cls.doh, cls.status = (servers.free_port() for _ in range(5))
        knot = servers.knot(cls.folder / "knot", world, {"world.test.": ZONE})
        cls.addClassCleanup(knot.stop)
        cls.server = servers.dnsd(
            cls.folder / "dnsd", cls.plain, [world], "--list", f"phishing={cls.folder}/phishing.txt",
            "--snapshot", cls.folder / "state", "--dot", f"{servers.HOST}:{cls.dot}", "--doh", f"{servers.HOST}:{cls.doh}",
            "--tls-cert", cls.certificate, "--tls-key", cls.key, status=cls.status,
        )
        cls.addClassCleanup(cls.server.stop)

    @classmethod
    def new_certificate(cls):
        """A pair of its own each time; renamed into place, key first."""
        beside = cls.folder / "new"
        beside.mkdir(exist_ok=True)
        subprocess.run(
            [cls.openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-keyout", beside / "key.pem",
             "-out", beside / "cert.pem"],
            check=True, capture_output=True,
        )
        (beside / "key.pem").replace(cls.key)
        (beside / "cert.pem").replace(cls.certificate)

    def over_tls(self, query):
        context = ssl.create_default_context(cafile=str(self.certificate))
        return dns.query.tls(query, servers.HOST, port=self.dot, timeout=10, server_hostname=NAME, ssl_context=context)

    def over_https(self, query):
        text = base64.urlsafe_b64encode(query.to_wire()).rstrip(b"=").decode()
        out = subprocess.run(
            [self.curl, "--silent", "--show-error", "--fail", "--http2", "--max-time", "10", "--cacert", self.certificate,
             "--resolve", f"{NAME}:{self.doh}:{servers.HOST}", f"https://{NAME}:{self.doh}/dns-query?dns={text}"],
            check=True, capture_output=True,
        )
        return dns.message.from_wire(out.stdout)

    def check_both(self):
        for ask in (self.over_tls, self.over_https):
            blocked = ask(dns.message.make_query("www.xau.test.", "A"))
            self.assertEqual(blocked.rcode(), dns.rcode.NXDOMAIN, ask.__name__)
            found = ask(dns.message.make_query("ok.world.test.", "A"))
            self.assertEqual([r.address for rrset in found.answer for r in rrset], ["192.0.2.1"], ask.__name__)

    def test_is_in_force_for_every_thread(self):
        for task in Path(f"/proc/{self.server.process.pid}/task").iterdir():
            status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
            self.assertEqual(status["Seccomp"].strip(), "2", status["Name"])  # a filter
            self.assertEqual(status["NoNewPrivs"].strip(), "1", status["Name"])
            self.assertEqual(int(status["CapEff"], 16), 0, status["Name"])

    def test_answers_over_tls_and_https(self):
        self.check_both()

    def test_takes_a_new_certificate(self):
        self.new_certificate()
        end = time.monotonic() + servers.START_S  # it looks once a second
        while "tls_reloaded" not in self.server.log.read_text():
            self.assertLess(time.monotonic(), end, self.server.log.read_text()[-2000:])
            time.sleep(0.05)
        self.check_both()


if __name__ == "__main__":
    unittest.main()
