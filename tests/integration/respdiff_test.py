#!/usr/bin/python3
"""A small run of tools/respdiff.py: invented names in all the ways in which names exist, some of them blocked, behind a real
authority. And that it finds what is wrong: a list that khien-dnsd does not have, and one that respdiff does not have."""

import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import servers

NAMES = 2_000
SYLLABLES = ("ngan", "hang", "truong", "hoc", "cho", "mua", "ban", "xe", "may", "qua", "tang", "vi", "so")


def names():
    rng = random.Random(3)
    found = {f"{'-'.join(rng.choices(SYLLABLES, k=3))}{i}.{rng.choice(('example', 'test'))}" for i in range(NAMES)}
    found |= {f"{label}.{name}" for label in ("www", "api") for name in sorted(found)[:100]}
    return sorted(found)


class Respdiff(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="khien-respdiff-"))
        cls.running = []
        try:
            cls.start()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def start(cls):
        everything = names()
        rng = random.Random(4)
        cls.lists = {
            "phishing": cls.folder / "phishing",
            "malware": cls.folder / "malware",
            "choice-gambling": cls.folder / "gambling",
        }
        listed = rng.sample(everything, 60)
        for number, path in enumerate(cls.lists.values()):
            path.write_text("\n".join(listed[number::3]) + "\n")
        cls.names = cls.folder / "names"
        cls.names.write_text("\n".join(everything) + "\n")
        all_listed = cls.folder / "listed"
        all_listed.write_text("\n".join(listed) + "\n")
        zone = subprocess.run(
            [sys.executable, servers.ROOT / "tools/respdiff_zone.py", cls.names, all_listed],
            check=True, capture_output=True, text=True,
        ).stdout
        cls.upstream, cls.front = servers.free_port(), servers.free_port()
        cls.running.append(servers.knot(cls.folder / "authority", cls.upstream, {".": zone}))
        lists = [word for item in cls.lists.items() for word in ("--list", "{}={}".format(*item))]
        cls.running.append(servers.dnsd(cls.folder / "dnsd", cls.front, [cls.upstream], *lists))

    @classmethod
    def tearDownClass(cls):
        for server in reversed(cls.running):
            server.stop()
        shutil.rmtree(cls.folder, ignore_errors=True)

    def run_tool(self, categories, limit=0):
        command = [sys.executable, servers.ROOT / "tools/respdiff.py", "--names", self.names, "--limit", str(limit)]
        command += ["--front", f"{servers.HOST}:{self.front}", "--upstream", f"{servers.HOST}:{self.upstream}"]
        for category in categories:
            command += ["--list", f"{category}={self.lists[category]}"]
        return subprocess.run(command, capture_output=True, text=True)

    def test_every_difference_is_explained_by_policy(self):
        run = self.run_tool(self.lists)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn(" 0 unexplained", run.stdout)
        for category in self.lists:
            self.assertIn(f"blocked for {category}: ", run.stdout)
        self.assertNotIn(" 0 by a name inside", run.stdout)
        print(run.stdout)

    def test_a_block_without_a_list_is_unexplained(self):
        run = self.run_tool(["phishing", "malware"])
        self.assertEqual(run.returncode, 1)
        self.assertIn("blocked for choice-gambling, and no such list has it", run.stdout)

    def test_a_list_that_does_not_block_is_unexplained(self):
        self.lists["spam"] = self.folder / "spam"
        self.lists["spam"].write_text("\n".join(self.names.read_text().splitlines()[:10]) + "\n")
        try:
            run = self.run_tool(self.lists, limit=20)
        finally:
            del self.lists["spam"]
        self.assertEqual(run.returncode, 1)
        self.assertIn("on spam, and not blocked", run.stdout)


if __name__ == "__main__":
    unittest.main()
