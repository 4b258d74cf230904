#!/usr/bin/python3
"""`khienctl helper nft` on real nftables: packets through a router of three network namespaces are refused, and pass again after a
lift, at the list's end, and when the helper ends. Lists are signed by minisign itself. Nothing leaves the namespaces."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import servers
from proxy_lists_test import KHIENCTL, Signer, wait_until

NFT = "/usr/sbin/nft"
PORT = 7007
# Accepts on every address, both families, and says so with one line.
SERVER = f"""
import socket, threading
held = []
def serve(family, any_address):
    with socket.create_server((any_address, {PORT}), family=family, backlog=64) as listening:
        while True:
            held.append(listening.accept())
threading.Thread(target=serve, args=(socket.AF_INET, "0.0.0.0"), daemon=True).start()
threading.Thread(target=serve, args=(socket.AF_INET6, "::"), daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""
ASK = f"""
import socket, sys
try:
    socket.create_connection((sys.argv[1], {PORT}), timeout=float(sys.argv[2])).close()
    print("passed")
except TimeoutError:
    print("silent")
except OSError:
    print("refused")
"""


def run(*arguments, text=None):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, input=text)
    if done.returncode != 0:
        raise AssertionError(f"{arguments}: {done.stderr}")
    return done.stdout


class Net:
    """client 198.51.100.2 -- router -- outside with all of 192.0.2.0/24 and 2001:db8:2::/64"""

    def __init__(self):
        self.names = {side: f"khn{side[0]}{os.getpid()}" for side in ("client", "router", "outside")}
        for name in self.names.values():
            run("ip", "netns", "add", name)
        for side, near, far in (("client", 198, 1), ("outside", 203, 2)):
            link, peer = f"kh{far}a{os.getpid()}", f"kh{far}b{os.getpid()}"
            run("ip", "link", "add", link, "netns", self.names[side], "type", "veth", "peer", "name", peer, "netns", self.names["router"])
            block = "198.51.100" if near == 198 else "203.0.113"
            for place, name, last in ((side, link, 2), ("router", peer, 1)):
                self.ip(place, "link", "set", "lo", "up")
                self.ip(place, "address", "add", f"{block}.{last}/24", "dev", name)
                self.ip(place, "address", "add", f"2001:db8:{far}00::{last}/64", "dev", name, "nodad")
                self.ip(place, "link", "set", name, "up")
            self.ip(side, "route", "add", "default", "via", f"{block}.1")
            self.ip(side, "-6", "route", "add", "default", "via", f"2001:db8:{far}00::1")
        self.ip("router", "route", "add", "192.0.2.0/24", "via", "203.0.113.2")
        self.ip("router", "-6", "route", "add", "2001:db8:2::/64", "via", "2001:db8:200::2")
        self.ip("outside", "route", "add", "local", "192.0.2.0/24", "dev", "lo")
        self.ip("outside", "-6", "route", "add", "local", "2001:db8:2::/64", "dev", "lo")
        self.exec("router", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        self.server = subprocess.Popen(self.at("outside", sys.executable, "-c", SERVER), stdout=subprocess.PIPE, text=True)
        assert self.server.stdout.readline() == "ready\n"

    def at(self, side, *arguments):
        return ["ip", "netns", "exec", self.names[side], *map(str, arguments)]

    def exec(self, side, *arguments, text=None):
        return run(*self.at(side, *arguments), text=text)

    def ip(self, side, *arguments):
        run("ip", "-n", self.names[side], *arguments)

    def ask(self, address, side="client", patience_s=20):
        return self.exec(side, sys.executable, "-c", ASK, address, patience_s).strip()

    def nft(self, *arguments, text=None):
        return self.exec("router", NFT, *arguments, text=text)

    def close(self):
        self.server.kill()
        self.server.wait()
        self.server.stdout.close()
        for name in self.names.values():
            run("ip", "netns", "delete", name)


@unittest.skipUnless(KHIENCTL.exists(), f"{KHIENCTL} is not built")
@unittest.skipUnless(os.geteuid() == 0, "network namespaces need root")
class Nft(unittest.TestCase):
    def setUp(self):
        self.net = Net()
        self.addCleanup(self.net.close)
        self.folder = Path(tempfile.mkdtemp(prefix="khien-nft-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.signer = Signer(self.folder)
        self.list = self.folder / "addresses.prefixes"
        self.arguments = ["helper", "nft", "--key", self.signer.public, "--list", self.list]

    def once(self, *more):
        return subprocess.run(self.net.at("router", KHIENCTL, *self.arguments, "--once", *more), capture_output=True, text=True)

    def start(self, *more):
        log = open(self.folder / "helper.log", "w+b")
        self.addCleanup(log.close)
        process = subprocess.Popen(self.net.at("router", KHIENCTL, *self.arguments, *more), stdout=log, stderr=log)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.wait()))
        return process

    def said(self):
        return (self.folder / "helper.log").read_text()

    def test_packets_are_refused_and_pass_again_after_a_lift(self):
        every = ("192.0.2.7", "192.0.2.20", "2001:db8:2::7", "2001:db8:2::20")
        for address in every:
            self.assertEqual(self.net.ask(address), "passed", address)
        self.signer.put(self.list, "# Title: x\n192.0.2.7\n192.0.2.16/28\n2001:db8:2::7\n2001:db8:2::10/124\n2001:db8:2::20/123\n")
        helper = self.start()
        wait_until(lambda: "5 entries are blocked" in self.said(), "the list")
        for address in every:
            self.assertEqual(self.net.ask(address), "refused", address)
            self.assertEqual(self.net.ask(address, side="router"), "refused", address)
        self.assertEqual(self.net.ask("192.0.2.8"), "passed")
        self.assertEqual(self.net.ask("192.0.2.32"), "passed")
        self.assertEqual(self.net.ask("2001:db8:2::8"), "passed")
        self.assertNotIn("packets 0 ", self.net.nft("list", "counter", "inet", "khien", "blocked"))
        self.signer.put(self.list, "2001:db8:2::7\n")
        wait_until(lambda: "1 entries are blocked" in self.said(), "the lift")
        self.assertEqual(self.net.ask("192.0.2.7"), "passed")
        self.assertEqual(self.net.ask("192.0.2.20"), "passed")
        self.assertEqual(self.net.ask("2001:db8:2::7"), "refused")
        self.signer.put(self.list, "# nothing\n")
        wait_until(lambda: "0 entries are blocked" in self.said(), "the empty list")
        self.assertEqual(self.net.ask("2001:db8:2::7"), "passed")
        self.signer.put(self.list, "192.0.2.7\n")
        wait_until(lambda: self.said().count("1 entries are blocked") == 2, "the list again")
        helper.send_signal(signal.SIGTERM)
        self.assertEqual(helper.wait(20), 0)
        self.assertEqual(self.net.nft("list", "ruleset"), "")
        self.assertEqual(self.net.ask("192.0.2.7"), "passed")

    def test_other_tables_are_not_touched(self):
        other = "table inet other {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 203.0.113.99 }\n\t}\n\n\tchain c {\n\t\ttype filter hook forward priority filter; policy accept;\n\t\tip daddr @s drop\n\t}\n}\n"
        self.net.nft("-f", "-", text=other)
        before = self.net.nft("list", "ruleset")
        self.signer.put(self.list, "192.0.2.7\n192.0.2.16/28\n")
        helper = self.start("--drop")
        wait_until(lambda: "2 entries are blocked" in self.said(), "the list")
        self.assertEqual(self.net.nft("list", "table", "inet", "other"), before)
        self.assertEqual(self.net.ask("192.0.2.7", patience_s=1), "silent")
        helper.send_signal(signal.SIGTERM)
        self.assertEqual(helper.wait(20), 0)
        self.assertEqual(self.net.nft("list", "ruleset"), before)

    def test_a_bad_list_changes_nothing(self):
        self.signer.put(self.list, "192.0.2.7\n")
        self.start()
        wait_until(lambda: "1 entries are blocked" in self.said(), "the list")
        for bad, word in (("xau.example\n", "neither an address"), ("0.0.0.0/0\n", "wider than any order"), ("192.0.2.8\n", "is over since|time is over|expired")):
            self.signer.put(self.list, bad, lives_s=3600 if "over" not in word else -5)
            wait_until(lambda: any(part in self.said() for part in word.split("|")), word)
            self.assertEqual(self.net.ask("192.0.2.7"), "refused")
            self.assertEqual(self.net.ask("192.0.2.8"), "passed")

    def test_what_nftables_refuses_changes_nothing_at_all(self):
        # Somebody's set of our name and another type: the transaction fails at it, after other lines of it were good.
        mine = "table inet khien_prefixes {\n\tset prefixes6 {\n\t\ttype ipv4_addr\n\t}\n}\n"
        self.net.nft("-f", "-", text=mine)
        before = self.net.nft("list", "ruleset")
        self.signer.put(self.list, "192.0.2.7\n2001:db8:2::10/124\n")
        done = self.once()
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nft refused the whole of it", done.stderr)
        self.assertEqual(self.net.nft("list", "ruleset"), before)
        self.assertEqual(self.net.ask("192.0.2.7"), "passed")

    def test_the_kernel_lifts_what_nobody_renews(self):
        self.signer.put(self.list, "192.0.2.7\n192.0.2.16/28\n", lives_s=6)
        self.assertEqual(self.once().returncode, 0)
        self.assertEqual(self.net.ask("192.0.2.7"), "refused")
        wait_until(lambda: self.net.ask("192.0.2.7") == "passed", "the end of an address")
        wait_until(lambda: self.net.ask("192.0.2.20") == "passed", "the end of a prefix")

    def test_a_hundred_thousand_addresses(self):
        lines = [f"100.{128 + i // 65536}.{i // 256 % 256}.{i % 256}" for i in range(100_000)]
        self.signer.put(self.list, "\n".join(["192.0.2.7", *lines]) + "\n")
        done = self.once()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.net.nft("list", "set", "inet", "khien", "addresses4").count(" expires "), 100_001)
        self.assertEqual(self.net.ask("192.0.2.7"), "refused")
        self.assertEqual(self.net.ask("192.0.2.8"), "passed")

    def test_printing_changes_nothing_and_is_what_nft_takes(self):
        self.signer.put(self.list, "192.0.2.7\n")
        printed = self.net.exec("router", KHIENCTL, *self.arguments, "--print")
        self.assertEqual(self.net.nft("list", "ruleset"), "")
        self.net.nft("-f", "-", text=printed)
        self.assertEqual(self.net.ask("192.0.2.7"), "refused")

    def test_bgp_text_is_printed_only_when_it_is_asked_for(self):
        self.signer.put(self.list, "192.0.2.7\n")
        bgp = [KHIENCTL, "list", "bgp", self.list, "--key", self.signer.public]
        self.assertNotEqual(subprocess.run(bgp, capture_output=True).returncode, 0)
        self.assertIn("route 192.0.2.7/32 blackhole", run(*bgp, "--bgp", "bird-rtbh"))
        self.assertNotEqual(subprocess.run([*bgp, "--bgp", "on"], capture_output=True).returncode, 0)


if __name__ == "__main__":
    unittest.main()
