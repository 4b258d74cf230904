#!/usr/bin/python3
"""khien-dnsd in front of its companion Unbound, and behind that an authority that signs: what DNSSEC says comes through as it
is, a bogus zone is SERVFAIL, and CD gives its data all the same. Nothing leaves loopback."""

import shutil
import tempfile
import unittest
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype

import servers

ZONE = """$ORIGIN {zone}
$TTL 300
@ SOA ns.{zone} hostmaster.{zone} 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.10
www TXT "truong hoc"
lon TXT {large}
con NS ns.con
con DS 4711 13 2 {digest}
ns.con A 192.0.2.2
"""
LARGE = " ".join('"' + "x" * 250 + '"' for _ in range(12))


def zone_text(name):
    return ZONE.format(zone=name, large=LARGE, digest="5A" * 32)


class Companion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        servers.program("unbound")
        cls.folder = Path(tempfile.mkdtemp(prefix="khien-companion-"))
        cls.running = []
        try:
            cls.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls):
        authority, companion, cls.port = (servers.free_port() for _ in range(3))
        cls.companion = companion
        zones = {name: zone_text(name) for name in ("tot.test.", "hong.test.", "tran.test.")}
        cls.running.append(
            servers.knot(cls.folder / "authority", authority, zones, signed=("tot.test.", "hong.test."))
        )
        # The trust anchor of a zone is its DNSKEY; that of hong.test is another zone's, so nothing in it validates.
        key = servers.ask(authority, "tot.test.", "DNSKEY").answer[0]
        anchors = cls.folder / "anchors"
        anchors.write_text("\n".join(f"{zone} 300 IN DNSKEY {key[0].to_text()}" for zone in ("tot.test.", "hong.test.")) + "\n")
        folder = cls.folder / "companion"
        folder.mkdir()
        local = [f'server:\n    do-not-query-localhost: no\n    local-zone: "test." nodefault\n']
        local.append(f'    trust-anchor-file: "{anchors}"\n    domain-insecure: "tran.test"\n')
        local += [f'stub-zone:\n    name: "{zone}"\n    stub-addr: {servers.HOST}@{authority}\n' for zone in zones]
        (folder / "local.conf").write_text("".join(local))
        script = servers.ROOT / "packaging/companion/unbound.sh"
        unbound = servers.Server(folder, [script, folder, f"{servers.HOST}@{companion}"])
        cls.running.append(unbound)
        unbound.answers(companion, "localhost.", "A")
        listed = cls.folder / "listed"
        listed.write_text("xau.tot.test\n")
        cls.running.append(
            servers.dnsd(cls.folder / "dnsd", cls.port, [companion], "--list", f"phishing={listed}")
        )

    @classmethod
    def tearDownClass(cls):
        for server in reversed(cls.running):
            server.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def ask(self, name, rdtype="A", **more):
        return servers.ask(self.port, name, rdtype, **more)

    def test_authentic_data_is_marked_for_those_who_ask(self):
        for _ in range(2):  # from the upstream, then from the cache
            self.assertTrue(self.ask("www.tot.test", want_dnssec=True).flags & dns.flags.AD)
            self.assertTrue(self.ask("www.tot.test", flags=dns.flags.AD).flags & dns.flags.AD)
            # RFC 6840 section 5.8: not for those who would not understand it.
            self.assertFalse(self.ask("www.tot.test").flags & dns.flags.AD)

    def test_an_unsigned_zone_resolves_without_the_mark(self):
        answer = self.ask("www.tran.test", want_dnssec=True)
        self.assertEqual(answer.rcode(), dns.rcode.NOERROR)
        self.assertFalse(answer.flags & dns.flags.AD)

    def test_denials_are_proved(self):
        answer = self.ask("khong-co.tot.test", want_dnssec=True)
        self.assertEqual(answer.rcode(), dns.rcode.NXDOMAIN)
        self.assertTrue(answer.flags & dns.flags.AD)
        kinds = {rrset.rdtype for rrset in answer.authority}
        self.assertIn(dns.rdatatype.NSEC, kinds)
        self.assertIn(dns.rdatatype.RRSIG, kinds)

    def test_a_bogus_zone_fails_and_checking_disabled_gives_its_data(self):
        for _ in range(2):
            bogus = self.ask("www.hong.test", want_dnssec=True)
            self.assertEqual(bogus.rcode(), dns.rcode.SERVFAIL)
            self.assertEqual(bogus.answer, [])
            unchecked = self.ask("www.hong.test", want_dnssec=True, flags=dns.flags.CD)
            self.assertEqual(unchecked.rcode(), dns.rcode.NOERROR)
            self.assertEqual(unchecked.answer[0][0].to_text(), "192.0.2.10")
            self.assertFalse(unchecked.flags & dns.flags.AD)
            self.assertTrue(unchecked.flags & dns.flags.CD)

    def test_a_validator_behind_us_can_validate(self):
        """DNSKEY and RRSIG pass octet by octet: the signature still fits the records."""
        keys = self.ask("tot.test", "DNSKEY", want_dnssec=True).answer
        rrset = next(r for r in keys if r.rdtype == dns.rdatatype.DNSKEY)
        zone = dns.name.from_text("tot.test.")
        address = self.ask("www.tot.test", "A", want_dnssec=True).answer
        for answer in (keys, address):
            signed = next(r for r in answer if r.rdtype != dns.rdatatype.RRSIG)
            signature = next(r for r in answer if r.rdtype == dns.rdatatype.RRSIG)
            dns.dnssec.validate(signed, signature, {zone: rrset})  # raises if it does not

    def test_ds_and_its_denial_pass(self):
        def records(answer):
            """Everything but TTLs, which pass."""
            sets = answer.answer + answer.authority
            return sorted(f"{rrset.name} {record.to_text()}" for rrset in sets for record in rrset)

        for name, has_ds in (("con.tot.test", True), ("www.tot.test", False)):
            mine = self.ask(name, "DS", want_dnssec=True)
            its = servers.ask(self.companion, name, "DS", want_dnssec=True)
            self.assertEqual(mine.rcode(), dns.rcode.NOERROR)
            self.assertTrue(mine.flags & dns.flags.AD)
            self.assertEqual(any(r.rdtype == dns.rdatatype.DS for r in mine.answer), has_ds)
            self.assertEqual(records(mine), records(its))

    def test_large_answers_come_over_tcp(self):
        self.assertTrue(self.ask("lon.tot.test", "TXT", want_dnssec=True).flags & dns.flags.TC)
        whole = self.ask("lon.tot.test", "TXT", want_dnssec=True, tcp=True)
        self.assertEqual(len(whole.answer[0][0].strings), 12)
        self.assertTrue(whole.flags & dns.flags.AD)

    def test_a_block_is_a_block_below_a_signed_zone(self):
        blocked = self.ask("xau.tot.test", want_dnssec=True)
        self.assertEqual(blocked.rcode(), dns.rcode.NXDOMAIN)
        self.assertFalse(blocked.flags & dns.flags.AD)


if __name__ == "__main__":
    unittest.main()
