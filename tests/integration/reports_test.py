#!/usr/bin/python3
"""khien-dnsd tells a khiend of its own how often rules were applied, in its sandbox and over TLS; and nothing that it writes or
sends says who asked. Its clients have addresses that stand nowhere else, and in a network namespace IPv6 ones too."""

import ipaddress
import json
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset

import servers

IN_NAMESPACE = os.environ.get("KHIEN_REPORTS_NAMESPACE") == "1"
CLIENTS4 = [f"127.77.13.{i}" for i in range(1, 13)]
KHIEND = "khiend.test" if IN_NAMESPACE else "localhost"
SERVER6 = "2001:db8:53::1"
# Interface identifiers that no file has by chance.
CLIENTS6 = [f"2001:db8:77:13:7a31:c4d9:5be:e2{i:x}" for i in range(0xA1, 0xAD)] if IN_NAMESPACE else []
KEY, OTHER_KEY = "chia-khoa-thu-nhat-0001", "chia-khoa-thu-hai-0002"
INTERVAL_S = 60  # the shortest that there is
WAIT_S = 240


class Khiend(BaseHTTPRequestHandler):
    """Takes reports: answers by the script, and keeps all that came."""

    protocol_version = "HTTP/1.1"
    came = []  # (key, body, whole request as octets)
    script = []  # statuses; 204 afterwards
    changed = threading.Condition()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.changed:
            status = self.script.pop(0) if self.script else 204
            self.came.append((self.headers["Authorization"], self.path, body, str(self.headers).encode() + body))
            self.changed.notify_all()
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass

    @classmethod
    def wait_for(cls, count):
        with cls.changed:
            if not cls.changed.wait_for(lambda: len(cls.came) >= count, WAIT_S):
                raise AssertionError(f"{count} reports awaited, {len(cls.came)} came")
            return cls.came[count - 1]


class Upstream:
    """Answers every question for an address."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((servers.HOST, 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            packet, client = self.socket.recvfrom(4096)
            query = dns.message.from_wire(packet)
            answer = dns.message.make_response(query)
            question = query.question[0]
            if question.name.to_text().lower().startswith("bi-danh"):
                answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", "CNAME", "sau.dich-xau.example."))
            elif question.name.to_text().lower() == "khiend.test.":
                if question.rdtype == dns.rdatatype.A:
                    answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", servers.HOST))
            else:
                answer.answer.append(dns.rrset.from_text(question.name, 300, "IN", "A", "192.0.2.10"))
            self.socket.sendto(answer.to_wire(), client)


def traces_of(address):
    """What would give `address` away, as octets: text, binary in both byte orders, and those in hexadecimal."""
    ip = ipaddress.ip_address(address)
    texts = {str(ip), ip.exploded, ip.reverse_pointer.rsplit(".", 2)[0]}
    binary = {ip.packed, ip.packed[::-1]}
    if ip.version == 4:
        texts.add(str(int(ip)))
        binary.add(struct.pack("<I", int(ip)))
    else:
        high, low = struct.unpack(">QQ", ip.packed)
        binary |= {struct.pack("<Q", low), struct.pack("<QQ", high, low), struct.pack("<QQ", low, high), struct.pack(">Q", low)}
    hexadecimal = {octets.hex() for octets in binary} | {octets.hex().upper() for octets in binary}
    return {text.encode() for text in texts | hexadecimal} | binary


class Scan(unittest.TestCase):
    def check_nothing_says_who_asked(self, octets, where):
        for client in CLIENTS4 + CLIENTS6:
            for trace in traces_of(client):
                self.assertNotIn(trace, octets, f"{client} stands in {where}")
        self.assertNotIn(b"127.77.13.", octets, where)  # nor the network
        self.assertNotIn(b"2001:db8:77:13:", octets, where)


class TheScan(Scan):
    def test_it_would_find_them(self):
        for client in CLIENTS4 + CLIENTS6:
            for trace in traces_of(client):
                with self.assertRaises(AssertionError):
                    self.check_nothing_says_who_asked(b"\0\1x" + trace + b"y\2", "a sample")


class Reports(Scan):
    def setUp(self):
        openssl = servers.program("openssl")
        self.folder = Path(tempfile.mkdtemp(prefix="khien-reports-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.folder.chmod(0o755)
        certificate, key = self.folder / "cert.pem", self.folder / "key.pem"
        subprocess.run(
            [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=khiend", "-addext", f"subjectAltName=DNS:{KHIEND}", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        Khiend.came, Khiend.script = [], []
        self.khiend = ThreadingHTTPServer((servers.HOST, 0), Khiend)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.khiend.socket = context.wrap_socket(self.khiend.socket, server_side=True)
        threading.Thread(target=self.khiend.serve_forever, daemon=True).start()
        self.addCleanup(self.khiend.server_close)
        self.addCleanup(self.khiend.shutdown)

        self.snapshot = self.folder / "snapshot"
        self.snapshot.mkdir()
        self.key = self.folder / "report.key"
        self.key.write_text(KEY + "\n")
        self.key.chmod(0o640)
        names = self.folder / "phishing.txt"
        names.write_text("nhieu.example\nhiem.example\ndich-xau.example\n")
        policies = self.folder / "policies.json"
        networks = [{"name": "lop", "policy": "lop", "prefixes": ["127.77.13.0/24", "2001:db8:77:13::/64"]}]
        policies.write_text(json.dumps({"version": 1, "policies": {"lop": {}}, "networks": networks}))
        self.port, self.status = servers.free_port(), servers.free_port()
        more = ["--list", f"phishing={names}", "--snapshot", self.snapshot, "--policies", policies,
                "--report-to", f"https://{KHIEND}:{self.khiend.server_port}/api/v1/resolver-reports",
                "--report-key", self.key, "--report-ca", certificate, "--report-interval", str(INTERVAL_S),
                "--allow-from", "127.0.0.0/8", "--allow-from", "2001:db8::/32", "--workers", "2"]
        if CLIENTS6:
            # It is the machine's own resolver, too: it asks itself where khiend is.
            more += ["--listen", f"[{SERVER6}]:{self.port}", "--listen", f"{servers.HOST}:53"]
        if os.geteuid() == 0:
            more += ["--user", "nobody"]
            for path in (self.snapshot, self.key):
                shutil.chown(path, "nobody")
        self.dnsd = servers.dnsd(self.folder / "dnsd", self.port, [Upstream().port], *map(str, more), status=self.status)
        self.addCleanup(self.dnsd.stop)

    def page(self, path):
        with urllib.request.urlopen(f"http://{servers.HOST}:{self.status}{path}") as page:
            return page.read().decode()

    def ask(self, name, client, tcp=False):
        query = dns.message.make_query(name, "A")
        server = SERVER6 if ":" in client else servers.HOST
        send = dns.query.tcp if tcp else dns.query.udp
        return send(query, server, port=self.port, source=client, timeout=20).rcode()

    def wait_until(self, ready):
        end = time.monotonic() + WAIT_S
        while time.monotonic() < end:
            if ready():
                return
            time.sleep(0.1)
        self.fail("it did not come about")

    def ask_everything(self):
        """Every client asks; 9 for the rare one, through one client or another. How often the frequent ones were asked."""
        clients = CLIENTS4 + CLIENTS6
        for number, client in enumerate(clients):
            self.assertEqual(self.ask("nhieu.example", client), dns.rcode.NXDOMAIN)
            self.assertEqual(self.ask("www.nhieu.example", client, tcp=True), dns.rcode.NXDOMAIN)
            self.assertEqual(self.ask("bi-danh.example", client), dns.rcode.NXDOMAIN)
            self.assertEqual(self.ask(f"lanh{number}.example", client), dns.rcode.NOERROR)
        for client in clients[:9]:
            self.assertEqual(self.ask("hiem.example", client), dns.rcode.NXDOMAIN)
        return len(clients)

    def test_a_report_is_repeated_until_it_is_taken_and_says_nothing_of_persons(self):
        Khiend.script[:] = [503, 401]
        count = self.ask_everything()

        key, path, body, _ = Khiend.wait_for(1)
        self.assertEqual((key, path), (f"Bearer {KEY}", "/api/v1/resolver-reports"))
        report = json.loads(body)
        self.assertEqual(
            sorted(report), ["from", "id", "new_names", "new_names_dropped", "rules", "rules_left_out", "to", "version"])
        rules = {(rule["source"], rule["name"]): rule["hits"] for rule in report["rules"]}
        self.assertEqual(
            rules, {("feeds-phishing", "nhieu.example"): 2 * count, ("feeds-phishing", "dich-xau.example"): count})
        self.assertEqual(report["rules_left_out"], 0)
        self.assertNotIn(b"hiem", body)

        # 503: the same report again. 401: said, and repeated with the key that SIGHUP brings.
        self.assertEqual(Khiend.wait_for(2)[2], body)
        self.wait_until(lambda: "401, our key is not known there or revoked" in self.page("/healthz"))
        self.assertIn("khien_dnsd_report_refused 1", self.page("/metrics"))
        self.key.write_text(OTHER_KEY + "\n")
        self.dnsd.signal(servers.signal.SIGHUP)
        third = Khiend.wait_for(3)
        self.assertEqual(third[0], f"Bearer {OTHER_KEY}")
        self.assertEqual(third[2], body)
        self.wait_until(lambda: "reports to" not in self.page("/healthz"))

        metrics = self.page("/metrics")
        self.assertIn('khien_dnsd_reports_total{outcome="told"} 1', metrics)
        self.assertIn('khien_dnsd_reports_total{outcome="repeated"} 2', metrics)
        blocked = 3 * count + 9
        self.assertIn(
            f'khien_dnsd_blocked_total{{source="feeds-phishing",basis="feeds",category="phishing"}} {blocked}', metrics)
        self.assertIn(f'khien_dnsd_policy_queries_total{{policy="lop"}} {4 * count + 9}', metrics)
        self.assertIn(
            f'khien_dnsd_policy_blocked_total{{policy="lop",category="phishing"}} {blocked // 10 * 10}', metrics)

        self.dnsd.stop()
        files = [path for path in self.snapshot.rglob("*") if path.is_file()]
        self.assertTrue(files)
        for file in files + [self.dnsd.log]:
            self.check_nothing_says_who_asked(file.read_bytes(), file.name)
        self.assertIn(b" sandbox files=", self.dnsd.log.read_bytes())
        self.assertNotIn(KEY.encode(), self.dnsd.log.read_bytes())
        self.check_nothing_says_who_asked(metrics.encode(), "the metrics")
        self.assertEqual(len(Khiend.came), 3)
        for _, _, _, request in Khiend.came:
            # The server's own port and name are in the headers; ours come from no client.
            self.check_nothing_says_who_asked(request, "a report")


def enter_namespace():
    """Runs this program again in namespaces of its own, where lo has IPv6 clients and khien-dnsd is the machine's resolver;
    otherwise goes on without them."""
    if os.geteuid() != 0 or shutil.which("unshare") is None or shutil.which("ip") is None:
        return
    if subprocess.run(["unshare", "-nm", "mount", "--bind", "/dev/null", "/etc/resolv.conf"], capture_output=True).returncode != 0:
        return
    addresses = "".join(f"ip -6 addr add 2001:db8:77:13:7a31:c4d9:5be:e2{i:x}/64 dev lo nodad && " for i in range(0xA1, 0xAD))
    os.environ["KHIEN_REPORTS_NAMESPACE"] = "1"
    addresses += f"ip -6 addr add {SERVER6}/64 dev lo nodad && "
    resolv_conf = tempfile.NamedTemporaryFile("w", prefix="khien-resolv-", delete=False)
    resolv_conf.write(f"nameserver {servers.HOST}\n")
    resolv_conf.close()
    os.chmod(resolv_conf.name, 0o644)
    addresses += f"mount --bind {resolv_conf.name} /etc/resolv.conf && rm {resolv_conf.name}; "
    script = f'ip link set lo up && {addresses} exec "$@"'
    os.execvp("unshare", ["unshare", "-nm", "sh", "-c", script, "sh", sys.executable, *sys.argv])


if __name__ == "__main__":
    if not IN_NAMESPACE:
        enter_namespace()
    unittest.main()
