#!/usr/bin/python3
"""Real consumers of signed lists: Squid with `khienctl helper squid`, and Unbound with the RPZ file of the guide. The lists are
signed by minisign itself, so nothing here is checked by its own maker. Nothing leaves loopback."""

import datetime
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dns.rcode

import servers

KHIENCTL = Path(os.environ.get("KHIENCTL", servers.ROOT / "build/dev/bin/khienctl"))
GUIDE = (servers.ROOT / "docs/publish/lists.md").read_text()


def wait_until(done, what):
    end = time.monotonic() + servers.START_S
    while time.monotonic() < end:
        if done():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come")


class Signer:
    """A key of minisign's own, and lists signed with it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.public = self.folder / "signer.pub"
        self.run("-GW", "-p", self.public, "-s", self.folder / "signer.key")

    @staticmethod
    def run(*arguments):
        subprocess.run([servers.program("minisign"), *map(str, arguments)], check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def put(self, path, text, lives_s=3600, name=None):
        """Signs apart and moves both into place, as a fetching script does."""
        apart = self.folder / "apart"
        apart.mkdir(exist_ok=True)
        made = apart / path.name
        made.write_text(text)
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        end = (now + datetime.timedelta(seconds=lives_s)).isoformat().replace("+00:00", "Z")
        comment = f"timestamp:{int(now.timestamp())}\tfile:{name or path.name}\texpires:{end}"
        self.run("-S", "-m", made, "-s", self.folder / "signer.key", "-t", comment)
        made.rename(path)
        Path(f"{made}.minisig").rename(f"{path}.minisig")


class Helper:
    """The helper alone, asked as Squid asks."""

    def __init__(self, folder, *arguments):
        self.errors = open(Path(folder) / "helper.log", "w+b")
        self.process = subprocess.Popen(
            [KHIENCTL, "helper", "squid", *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def said(self):
        self.errors.seek(0)
        return self.errors.read().decode()

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(20)
        self.process.stdout.close()
        self.errors.close()
        return code


@unittest.skipUnless(KHIENCTL.exists(), f"{KHIENCTL} is not built")
class ProxyHelper(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="khien-helper-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.signer = Signer(self.folder)
        self.list = self.folder / "orders.domains"
        self.arguments = ("--key", self.signer.public, "--list", self.list)

    def helper(self, *more):
        helper = Helper(self.folder, *self.arguments, *more)
        self.addCleanup(lambda: helper.process.poll() is None and helper.stop())
        return helper

    def test_questions_and_answers(self):
        self.signer.put(self.list, "# Objections: https://khien.example/object\nxau.example\nrong.example\n*.rong.example\n")
        urls = self.folder / "own.urls"
        self.signer.put(urls, "https://chung.example/lua dao/\n")
        helper = self.helper("--urls", urls)
        self.assertEqual(
            helper.ask("4 https://xau.example/a%2520b -"),
            '4 OK message="orders, https://khien.example/object" log="orders"',
        )
        self.assertRegex(helper.ask("www.rong.example"), '^OK .*log="orders"$')
        self.assertEqual(helper.ask("17 www.xau.example"), "17 ERR")
        self.assertRegex(helper.ask("0 http://chung.example/lua%20dao/x?t=1"), '^0 OK .*log="own"$')
        self.assertEqual(helper.ask("0 http://chung.example/"), "0 ERR")
        self.assertEqual(helper.ask("9 chung.example:443"), "9 ERR")
        self.assertEqual(helper.stop(), 0)

    def test_without_a_good_list_it_is_never_silent(self):
        helper = self.helper()
        self.assertEqual(helper.ask("1 tot.example"), '1 BH message="no good list orders"')
        self.signer.put(self.list, "xau.example\n", lives_s=-5)
        wait_until(lambda: "is over since" in helper.said(), "the word that it is over")
        self.assertRegex(helper.ask("2 xau.example"), "^2 BH ")
        self.signer.put(self.list, "xau.example\n")
        wait_until(lambda: helper.ask("3 xau.example").startswith("3 OK"), "the good list")
        self.assertEqual(helper.ask("4 tot.example"), "4 ERR")

    def test_a_bad_list_leaves_the_last_good_one(self):
        self.signer.put(self.list, "xau.example\n")
        helper = self.helper()
        self.assertRegex(helper.ask("1 xau.example"), "^1 OK")
        other = Signer(tempfile.mkdtemp(dir=self.folder))
        other.put(self.list, "tot.example\n")
        wait_until(lambda: "the last good one stays" in helper.said(), "the word of the bad list")
        self.assertRegex(helper.ask("2 xau.example"), "^2 OK")
        self.assertEqual(helper.ask("3 tot.example"), "3 ERR")

    def test_a_list_that_ends_is_given_up(self):
        self.signer.put(self.list, "xau.example\n", lives_s=3)
        helper = self.helper()
        self.assertRegex(helper.ask("1 xau.example"), "^1 OK")
        wait_until(lambda: helper.ask("2 xau.example").startswith("2 BH"), "the end")
        wait_until(lambda: "is over since" in helper.said(), "the word of it")

    def test_what_is_wrong_at_the_start_is_said(self):
        for arguments in (("--key", "nokey", "--list", self.list), ("--key", self.signer.public), ("--key", self.signer.public, "--urls", self.list),
                          ("--key", self.signer.public, "--list", "https://khien.example/lists/orders.domains"),
                          ("--key", self.signer.public, "--urls", "https://khien.example/lists/urls.urls"),
                          ("--key", self.signer.public, "--folder", self.folder, "--urls", "https://khien.example/lists/urls.csv")):
            done = subprocess.run([KHIENCTL, "helper", "squid", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 64, done.stderr)
            self.assertTrue(done.stderr.startswith("khienctl: "), done.stderr)

    def test_verify_says_what_is_stated(self):
        self.signer.put(self.list, "xau.example\n")
        verify = [KHIENCTL, "list", "verify", self.list, "--key", self.signer.public]
        done = subprocess.run(verify, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("orders.domains is good", done.stdout)
        self.list.write_text("xau.example\ntot.example\n")
        self.assertEqual(subprocess.run(verify, capture_output=True).returncode, 77)
        self.signer.put(self.list, "xau.example\n", lives_s=-5)
        over = subprocess.run(verify, capture_output=True, text=True)
        self.assertEqual(over.returncode, 77)
        self.assertIn("its time is over", over.stderr)


class Origin(BaseHTTPRequestHandler):
    """Every site behind the proxy."""

    def do_GET(self):
        body = b"the origin answers"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@unittest.skipUnless(KHIENCTL.exists(), f"{KHIENCTL} is not built")
class Squid(unittest.TestCase):
    """With the lines of the guide, but for paths and times."""

    def setUp(self):
        program = servers.program("squid")
        self.folder = Path(tempfile.mkdtemp(prefix="khien-squid-"))
        self.folder.chmod(0o777)  # Squid gives root up
        self.addCleanup(shutil.rmtree, self.folder)
        self.signer = Signer(self.folder)
        self.list = self.folder / "orders.domains"
        self.urls = self.folder / "own.urls"
        self.origin = ThreadingHTTPServer((servers.HOST, 0), Origin)
        threading.Thread(target=self.origin.serve_forever, daemon=True).start()
        self.addCleanup(self.origin.server_close)
        self.addCleanup(self.origin.shutdown)
        self.port = servers.free_port()
        self.program = program

    def start(self):
        block = re.search(r"^external_acl_type khien .*?^http_access deny khien\n", GUIDE, re.M | re.S).group(0)
        block = block.replace("/usr/bin/khienctl", str(KHIENCTL)).replace("/etc/khien/khien.pub", str(self.signer.public))
        block = block.replace("/var/lib/khien-lists/orders.domains", f"{self.list} --urls {self.urls}")
        block = block.replace("ttl=30 negative_ttl=30", "ttl=0 negative_ttl=0")
        pages = self.folder / "pages"
        shutil.copytree("/usr/share/squid/errors/templates", pages)
        shutil.copy(servers.ROOT / "packaging/squid/ERR_KHIEN", pages)
        (self.folder / "squid.conf").write_text(
            f"http_port {servers.HOST}:{self.port}\npid_filename none\ncache deny all\nshutdown_lifetime 0 seconds\n"
            f"cache_log {self.folder}/cache.log\nlogformat short %Ss/%03>Hs %ru %ea\naccess_log stdio:{self.folder}/access.log short\n"
            f"error_directory {pages}\ncoredump_dir {self.folder}\nvisible_hostname proxy.example\npinger_enable off\n"
            # All names are the origin's: nothing is looked up, nothing leaves loopback.
            f"cache_peer {servers.HOST} parent {self.origin.server_port} 0 no-query no-digest originserver name=origin\n"
            f"cache_peer_access origin allow all\nnever_direct allow all\nnetdb_filename none\n{block}http_access allow all\n"
        )
        self.squid = servers.Server(self.folder / "run", [self.program, "-N", "-f", self.folder / "squid.conf"])
        self.addCleanup(self.squid.stop)
        self.squid.wait_until(lambda: socket.create_connection((servers.HOST, self.port), 1).close() is None)

    def get(self, url):
        with socket.create_connection((servers.HOST, self.port), 20) as client:
            host = url.split("/")[2]
            client.sendall(f"GET {url} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        return answer.decode()

    def test_listed_passes_and_not_known(self):
        self.signer.put(self.list, "# Objections: https://khien.example/object\nxau.example\n")
        self.signer.put(self.urls, "http://chung.example/lua%20dao\n")
        self.start()
        refused = self.get("http://xau.example/a%20b?c=%2541")
        self.assertIn("403 Forbidden", refused)
        self.assertIn("<h1>Trang này bị chặn</h1>", refused)
        self.assertIn("<strong>orders, https://khien.example/object</strong>", refused)
        self.assertIn("the origin answers", self.get("http://www.xau.example/"))
        self.assertIn("<h1>Trang này bị chặn</h1>", self.get("http://chung.example/lua%20dao/trang?x=1"))
        self.assertIn("the origin answers", self.get("http://chung.example/khac"))
        wait_until(lambda: " orders\n" in (self.folder / "access.log").read_text(), "the list's name in the access log")

        # A bad list: the last good one stays, and cache.log says why.
        self.list.write_text("tot.example\n")
        log = self.folder / "cache.log"
        wait_until(lambda: "the last good one stays" in log.read_text(errors="replace"), "the word in cache.log")
        self.assertIn("<h1>Trang này bị chặn</h1>", self.get("http://xau.example/"))
        self.assertIn("the origin answers", self.get("http://tot.example/"))
        # A new one counts without a restart: a lift, and a block.
        self.signer.put(self.list, "moi.example\n")
        wait_until(lambda: "the origin answers" in self.get("http://xau.example/"), "the lift")
        self.assertIn("<h1>Trang này bị chặn</h1>", self.get("http://moi.example/"))

    def test_without_a_good_list(self):
        self.signer.put(self.urls, "http://chung.example/lua\n")
        self.start()
        answer = self.get("http://tot.example/")
        self.assertIn("403", answer.splitlines()[0])
        self.assertIn("<strong>no good list orders</strong>", answer)
        self.assertNotIn("the origin answers", answer)
        self.signer.put(self.list, "xau.example\n")
        wait_until(lambda: "the origin answers" in self.get("http://tot.example/"), "the good list")


class UnboundByTheGuide(unittest.TestCase):
    def test_exactly_what_the_list_says(self):
        program = servers.program("unbound")
        folder = Path(tempfile.mkdtemp(prefix="khien-unbound-"))
        self.addCleanup(shutil.rmtree, folder)
        signer_text = "# Title: x\nxau.example\nrong.example\n*.rong.example\nxau.example\n"
        (folder / "orders.domains").write_text(signer_text)
        script = re.search(r"```sh\n(# /usr/local/bin/khien-rpz.*?)```", GUIDE, re.S).group(1)
        (folder / "khien-rpz").write_text(script)
        subprocess.run(["sh", folder / "khien-rpz", "orders", folder], check=True)
        rpz = re.search(r"^server:\n    module-config.*?orders\.rpz\"\n", GUIDE, re.M | re.S).group(0)
        rpz = rpz.replace("/var/lib/khien-lists", str(folder))
        port = servers.free_port()
        (folder / "unbound.conf").write_text(
            f'server:\n    interface: {servers.HOST}@{port}\n    chroot: ""\n    username: ""\n    pidfile: ""\n    do-daemonize: no\n'
            f'    use-syslog: no\n    local-zone: "example." transparent\n'
            + "".join(f'    local-data: "{name}.example. A 192.0.2.1"\n' for name in ("tot",))
            + rpz
            + f'forward-zone:\n    name: "."\n    forward-addr: {servers.HOST}@1\n'
            f'remote-control:\n    control-enable: yes\n    control-interface: "{folder}/control"\n    control-use-cert: no\n'
        )
        server = servers.Server(folder / "run", [program, "-d", "-c", folder / "unbound.conf"])
        self.addCleanup(server.stop)
        server.answers(port, "tot.example.", "A")
        for name, wanted in {
            "xau.example.": dns.rcode.NXDOMAIN,
            "rong.example.": dns.rcode.NXDOMAIN,
            "www.rong.example.": dns.rcode.NXDOMAIN,
            "www.xau.example.": dns.rcode.SERVFAIL,  # goes on to the upstream, which is not there
            "moi.example.": dns.rcode.SERVFAIL,
        }.items():
            self.assertEqual(servers.ask(port, name, "A", timeout=10).rcode(), wanted, name)

        # The next list: a lift and a block, taken up by the command of the guide's cron line.
        (folder / "orders.domains").write_text("# Title: x\nrong.example\n*.rong.example\nmoi.example\n")
        subprocess.run(["sh", folder / "khien-rpz", "orders", folder], check=True)
        reload = re.search(r"unbound-control -q (auth_zone_reload orders\.khien)", GUIDE).group(1).split()
        subprocess.run([servers.program("unbound-control"), "-c", folder / "unbound.conf", "-q", *reload], check=True)
        self.assertEqual(servers.ask(port, "moi.example.", "A", timeout=10).rcode(), dns.rcode.NXDOMAIN)
        self.assertEqual(servers.ask(port, "xau.example.", "A", timeout=10).rcode(), dns.rcode.SERVFAIL)


if __name__ == "__main__":
    unittest.main()
