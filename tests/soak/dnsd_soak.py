#!/usr/bin/env python3
"""khien-dnsd under mixed load for a long time, while its rules change: memory, descriptors and threads stay flat,
no query is lost, nothing pauses.

usage: tests/soak/dnsd_soak.py SECONDS [--bin FOLDER] [--qps N] [--pause-ms N] [--keep]

Two programs on loopback, each under dnsperf (5 % blocked, 85 % cached, 10 % asked upstream):
  lists    reads a list of 20,000 names that is replaced, with SIGHUP, every few seconds
  zones    follows Knot DNS, where a name is added and removed by IXFR every second
Each second resident memory, descriptors and threads are sampled. A prober asks for a blocked name every few
milliseconds; what it waits beyond the time that the machine itself was busy is a pause of a worker.
Exit code 1, with the reasons, if anything is not as it should be. A table is printed at the end.
"""
import argparse
import collections
import os
import random
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SWAP_EVERY_S = 3.0
CHANGE_EVERY_S = 1.0
PROBE_EVERY_S = 0.005
LIST_NAMES = 20_000
MEMORY_GROWTH_MAX = 1.02  # last third against second, plus what allocators round up to
MEMORY_SLACK_KB = 2_048
DESCRIPTORS_SLACK = 16  # connections come and go
SO_TIMESTAMPNS = 35  # socket(7); Python does not name it
ZONE = "orders-phishing.rpz.khien"


def free_port():
    """A port that is free for UDP and TCP, below those that outgoing sockets take by themselves meanwhile."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def query(name, number):
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
    return struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + wire + struct.pack("!2H", 1, 1)


class Upstream(threading.Thread):
    """Answers every question with 192.0.2.10."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self):
        while True:
            packet, peer = self.socket.recvfrom(4096)
            end = 12
            while packet[end]:
                end += packet[end] + 1
            question = packet[12:end + 5]
            header = packet[:2] + struct.pack("!5H", 0x8180, 1, 1, 0, 0)
            record = b"\xc0\x0c" + struct.pack("!HHIH4B", 1, 1, 300, 4, 192, 0, 2, 10)
            self.socket.sendto(header + question + record, peer)


class Program:
    """A khien-dnsd and what was seen of it."""

    def __init__(self, name, folder, binary, arguments):
        self.name = name
        self.port, self.status = free_port(), free_port()
        self.samples = []  # (kilobytes, descriptors, threads)
        self.waited = {}   # seconds, by thread
        self.log = open(os.path.join(folder, name + ".log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [binary, "--listen", f"127.0.0.1:{self.port}", "--status", f"127.0.0.1:{self.status}",
             "--snapshot", os.path.join(folder, name + "-snapshot"), *arguments],
            stderr=self.log, stdout=self.log)

    def page(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}{path}", timeout=5) as answer:
            return answer.read().decode()

    def wait_until_ready(self):
        for _ in range(600):
            try:
                if self.page("/healthz").startswith("ok"):
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        sys.exit(f"{self.name} did not start; see {self.log.name}")

    def counters(self):
        found = collections.Counter()
        for line in self.page("/metrics").splitlines():
            if not line.startswith("#"):
                key, value = line.rsplit(" ", 1)
                found[key] += int(float(value))
        return found

    def sample(self):
        base = f"/proc/{self.process.pid}"
        with open(base + "/status", encoding="utf-8") as file:
            status = file.read()
        self.samples.append((int(re.search(r"VmRSS:\s+(\d+)", status).group(1)),
                             len(os.listdir(base + "/fd")),
                             int(re.search(r"Threads:\s+(\d+)", status).group(1))))

    def waited_for_cpu_s(self):
        """How long one of its threads, the worst, was ready to run and had no processor, since the last call."""
        worst, now = 0.0, {}
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{thread}/schedstat", encoding="utf-8") as file:
                    now[thread] = int(file.read().split()[1]) / 1e9
            except OSError:
                continue
            worst = max(worst, now[thread] - self.waited.get(thread, 0.0))
        self.waited = now
        return worst

    def stop(self):
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.log.close()
        return code


class Prober(threading.Thread):
    """Asks one program for a blocked name again and again; notes the longest waits of each second."""

    def __init__(self, program, name):
        super().__init__(daemon=True)
        self.program, self.name = program, name
        self.sockets = []
        for _ in range(8):  # source ports: several workers get some
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.connect(("127.0.0.1", program.port))
            one.settimeout(5)
            one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self.sockets.append(one)
        self.asked = self.lost = self.wrong = 0
        self.longest_s = 0.0  # of this second; reset by whoever reads it
        self.late_s = 0.0     # how late this thread itself was woken
        self.stopping = False

    def run(self):
        while not self.stopping:
            due = time.monotonic() + PROBE_EVERY_S
            time.sleep(PROBE_EVERY_S)
            begin = time.monotonic()
            self.late_s = max(self.late_s, begin - due)
            number = self.asked % 65_536
            one = self.sockets[self.asked % len(self.sockets)]
            self.asked += 1
            sent_at = time.time()
            one.send(query(self.name, number))
            try:
                answer, extra, _, _ = one.recvmsg(4096, 64)
            except TimeoutError:
                self.lost += 1
                continue
            # When the kernel took the answer, not when this thread was woken for it.
            seconds, nanoseconds = struct.unpack("@2l", extra[0][2])
            self.longest_s = max(self.longest_s, seconds + nanoseconds / 1e9 - sent_at)
            if struct.unpack("!H", answer[:2])[0] != number or answer[3] & 15 != 3:
                self.wrong += 1


class Primary:
    """Knot DNS with one policy zone, changed by its control program."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.configuration = os.path.join(folder, "knot.conf")
        self.process = None

    def start(self, follower_port):
        with open(os.path.join(self.folder, "zone"), "w", encoding="utf-8") as file:
            file.write(f"$ORIGIN {ZONE}.\n@ 300 SOA localhost. localhost. 1 60 1 86400 60\n@ 300 NS localhost.\n")
            for i in range(1, 5_001):
                file.write(f"b{i}.soak.example 300 CNAME .\n")
        with open(self.configuration, "w", encoding="utf-8") as file:
            file.write(f"""server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
database:
    storage: "{self.folder}/knot"
log:
  - target: stderr
    any: error
remote:
  - id: follower
    address: 127.0.0.1@{follower_port}
acl:
  - id: loopback
    address: 127.0.0.1
    action: [transfer]
zone:
  - domain: {ZONE}
    file: "{self.folder}/zone"
    notify: follower
    acl: loopback
    zonefile-sync: -1
    journal-content: changes
""")
        os.mkdir(os.path.join(self.folder, "knot"))
        knotd = shutil.which("knotd") or "/usr/sbin/knotd"
        self.process = subprocess.Popen([knotd, "-c", self.configuration],
                                        stderr=open(os.path.join(self.folder, "knot.log"), "w", encoding="utf-8"))
        for _ in range(100):
            if self.control("zone-status", ZONE):
                return
            time.sleep(0.1)
        sys.exit("knotd did not start")

    def control(self, *words):
        knotc = shutil.which("knotc") or "/usr/sbin/knotc"
        return subprocess.run([knotc, "-s", os.path.join(self.folder, "knot.sock"), *words],
                              capture_output=True, check=False).returncode == 0

    def change(self, name, add):
        verb = ["zone-set"] if add else ["zone-unset"]
        return (self.control("zone-begin", ZONE) and
                self.control(*verb, ZONE, name, *(["300"] if add else []), "CNAME", ".") and
                self.control("zone-commit", ZONE))


def write_list(path, generation):
    text = "".join(f"b{i}.soak.example\n" for i in range(1, 5_001))
    text += "".join(f"g{generation % 2}-{i}.swap.example\n" for i in range(LIST_NAMES - 5_000))
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def write_queries(path):
    random.seed(3)
    with open(path, "w", encoding="utf-8") as file:
        for _ in range(50_000):
            kind = random.random()
            if kind < 0.05:
                file.write(f"b{random.randint(1, 5_000)}.soak.example A\n")
            elif kind < 0.90:
                file.write(f"www{random.randint(1, 500)}.cached.example A\n")
            else:
                file.write(f"n{random.randint(1, 1_000_000)}.new.example A\n")


def changer(primary, program, problems, stop, done):
    """A name comes and goes by IXFR; it must be blocked and lifted each time."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.connect(("127.0.0.1", program.port))
    probe.settimeout(5)

    def blocked():
        number = random.randint(0, 65_535)
        probe.send(query("moi.example", number))
        done["asked"] += 1
        while True:
            answer = probe.recv(4096)
            if struct.unpack("!H", answer[:2])[0] == number:
                return answer[3] & 15 == 3

    add = True
    while not stop.wait(CHANGE_EVERY_S):
        if not primary.change("moi.example", add):
            problems.append("knotc refused a change")
            return
        until = time.monotonic() + 10
        try:
            while blocked() != add and time.monotonic() < until:
                time.sleep(0.01)
        except TimeoutError:
            pass
        if time.monotonic() >= until:
            problems.append(f"a change by IXFR was not in force after 10 s (add={add})")
            return
        done["ixfr"] += 1
        add = not add


def swapper(path, program, stop, done):
    generation = 0
    while not stop.wait(SWAP_EVERY_S):
        generation += 1
        write_list(path, generation)
        program.process.send_signal(signal.SIGHUP)
        done["swaps"] += 1


def judge_flat(program, problems):
    third = len(program.samples) // 3
    second, last = program.samples[third:2 * third], program.samples[2 * third:]
    if not second or not last:
        problems.append("too short to judge memory")
        return
    for column, what, limit in ((0, "memory in kB", lambda x: x * MEMORY_GROWTH_MAX + MEMORY_SLACK_KB),
                                (1, "descriptors", lambda x: x + DESCRIPTORS_SLACK),
                                (2, "threads", lambda x: x)):
        # Medians: upstream ports are doubled for a while whenever they are renewed, and a swap holds two tables.
        before = statistics.median(s[column] for s in second)
        after = statistics.median(s[column] for s in last)
        peak = max(s[column] for s in program.samples)
        print(f"{program.name:6} {what:13} median of the second third {before:8.0f}, of the last {after:8.0f}, peak {peak:8}")
        if after > limit(before):
            problems.append(f"{program.name}: {what} grows: {before:.0f} in the second third, {after:.0f} in the last")


def judge_load(program, report, own, before, problems):
    sent = int(re.search(r"Queries sent:\s+(\d+)", report).group(1))
    lost = int(re.search(r"Queries lost:\s+(\d+)", report).group(1))
    after = program.counters()
    served = after['khien_dnsd_queries_total{transport="udp"}'] - before['khien_dnsd_queries_total{transport="udp"}']
    dropped = sum(after[k] - before[k] for k in after if k.startswith("khien_dnsd_dropped_total"))
    # What reached us and was not dropped was answered: the rest of what dnsperf misses is its own.
    ours = max(0, sent + own - served) + dropped
    print(f"{program.name:6} {sent} queries by dnsperf, {lost} lost by its count; {served} served, {dropped} dropped")
    if ours > 0 and lost > 0:
        problems.append(f"{program.name}: {lost} queries lost, of which the service's: {ours}")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("seconds", type=int)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/release/bin"))
    parser.add_argument("--qps", type=int, default=2_000, help="queries a second for each program")
    parser.add_argument("--pause-ms", type=int, default=50)
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs")
    arguments = parser.parse_args()
    if not 10 <= arguments.seconds <= 86_400:
        sys.exit("SECONDS: 10 to 86400")
    binary = os.path.join(arguments.bin, "khien-dnsd")
    for need in (binary, shutil.which("dnsperf") or "dnsperf"):
        if not os.path.exists(need):
            sys.exit(f"{need} is missing (./khien build; packages of packaging/apt/test.txt)")

    folder = tempfile.mkdtemp(prefix="khien-soak-")
    problems, done, stop = [], collections.Counter(), threading.Event()
    upstream = Upstream()
    upstream.start()
    path = os.path.join(folder, "phishing.txt")
    write_list(path, 0)
    write_queries(os.path.join(folder, "queries"))
    primary = Primary(folder)
    common = ["--workers", "2", "--upstream", f"127.0.0.1:{upstream.port}"]
    lists = Program("lists", folder, binary, [*common, "--list", f"phishing={path}"])
    zones = Program("zones", folder, binary, [*common, "--primary", f"127.0.0.1:{primary.port}", "--zones", "orders-phishing"])
    programs = (lists, zones)
    loads = []
    try:
        primary.start(zones.port)
        for program in programs:
            program.wait_until_ready()
        probers = [Prober(program, "b1.soak.example") for program in programs]
        before = [program.counters() for program in programs]
        for program in programs:
            loads.append(subprocess.Popen(
                ["dnsperf", "-s", "127.0.0.1", "-p", str(program.port), "-d", os.path.join(folder, "queries"),
                 "-l", str(arguments.seconds), "-Q", str(arguments.qps), "-c", "8", "-T", "1", "-q", "200"],
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True))
        workers = [threading.Thread(target=changer, args=(primary, zones, problems, stop, done), daemon=True),
                   threading.Thread(target=swapper, args=(path, lists, stop, done), daemon=True)]
        for thread in (*probers, *workers):
            thread.start()
        for program in programs:
            program.waited_for_cpu_s()
        pauses, longest = 0, 0.0
        end = time.monotonic() + arguments.seconds
        while time.monotonic() < end:
            time.sleep(1)
            for i, program in enumerate(programs):
                if program.process.poll() is not None:
                    problems.append(f"{program.name} ended with {program.process.returncode}")
                    raise KeyboardInterrupt
                program.sample()
                busy_s = program.waited_for_cpu_s()
                probe_s, probers[i].longest_s = probers[i].longest_s, 0.0
                late_s, probers[i].late_s = probers[i].late_s, 0.0
                own_s = probe_s - busy_s - late_s
                longest = max(longest, own_s)
                if own_s > arguments.pause_ms / 1_000:
                    pauses += 1
                    print(f"{program.name}: {probe_s * 1000:.0f} ms for an answer, of which the machine's "
                          f"{(busy_s + late_s) * 1000:.0f} ms", flush=True)
        stop.set()
        for thread in probers:
            thread.stopping = True
        for thread in (*probers, *workers):
            thread.join(timeout=20)
        reports = [load.communicate(timeout=30)[0] for load in loads]
        own = [probers[0].asked, probers[1].asked + done["asked"]]
        for i, program in enumerate(programs):
            judge_load(program, reports[i], own[i], before[i], problems)
            judge_flat(program, problems)
            if probers[i].lost or probers[i].wrong:
                problems.append(f"{program.name}: prober: {probers[i].lost} lost, {probers[i].wrong} wrong")
        print(f"{done['swaps']} list swaps, {done['ixfr']} changes by IXFR, longest pause {max(longest, 0) * 1000:.0f} ms")
        if pauses:
            problems.append(f"{pauses} pauses above {arguments.pause_ms} ms")
        refused = lists.counters()['khien_dnsd_reloads_total{part="lists",outcome="failed"}']
        if refused or not done["swaps"] or not done["ixfr"]:
            problems.append(f"{refused} reloads refused, {done['swaps']} swaps, {done['ixfr']} changes")
        for program in programs:
            code = program.stop()
            if code != 0:
                problems.append(f"{program.name} ended with {code}")
    except KeyboardInterrupt:
        problems.append("stopped before its time")
    finally:
        for process in (*loads, primary.process, *(p.process for p in programs)):
            if process is not None and process.poll() is None:
                process.kill()
        if arguments.keep or problems:
            print(f"logs: {folder}")
        else:
            shutil.rmtree(folder)
    for text in problems:
        print("NOT AS IT SHOULD BE: " + text)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
