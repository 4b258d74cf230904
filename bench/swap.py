"""What bench/swap.sh runs: list swaps and single changes in khien-dnsd, measured from outside.

Primaries: knotd for whole lists; for single changes a small one of our own in this file, so that the
clock starts when it sends the NOTIFY. Memory is Rss of /proc/PID/smaps_rollup, which counts anonymous
pages and touched pages of files alike, every 10 ms, children included.
"""

import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

BIN = pathlib.Path(os.environ.get("KHIEN_BIN", "build/release/bin"))
DNSD = os.environ.get("KHIEN_DNSD", str(BIN / "khien-dnsd"))
NAMES = int(os.environ.get("NAMES", "1000000"))
MANY_NAMES = int(os.environ.get("MANY_NAMES", "10000000"))
RATE = int(os.environ.get("RATE", "2000"))  # queries a second meanwhile
CHANGES = int(os.environ.get("CHANGES", "60"))
SAMPLE_S = 0.01
ZONE = "orders-phishing.rpz.khien"
TLDS = ["com", "net", "org", "info", "xyz", "top", "vn", "ru", "shop", "online"]
# Each has 0.8 % of the names, as the most frequent pair of last labels has in bench-1m. SKEW=10 gives
# each of them 10 %: what a swap then takes is the largest shard.
SHARED = ["com.vn", "co.uk", "github.io", "pages.dev"]
SKEW = float(os.environ.get("SKEW", "0.8")) / 100


def figure(name, value, unit):
    print(f"swap.{name} {value} {unit}", flush=True)


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def synthetic_names(count, seed):
    """Names of about 20 octets in wire form below some popular and many other domains."""
    rng = random.Random(seed)
    for i in range(count):
        label = f"{rng.getrandbits(36):x}-{i:x}"
        draw = rng.random() / SKEW
        suffix = SHARED[int(draw)] if draw < len(SHARED) else TLDS[rng.randrange(len(TLDS))]
        yield f"{label[:rng.randint(7, 16)]}{i:x}.{suffix}"


def write_list(path, names):
    with open(path, "w") as out:
        for name in names:
            out.write(name + "\n")


class Dnsd:
    """khien-dnsd under watch: memory every 10 ms, its children's included, unless times of single
    changes are measured: a look at smaps_rollup holds the process's memory map for milliseconds."""

    def __init__(self, folder, *options, port=None, watched=True):
        self.port = port or free_port()
        self.status = free_port()
        self.log = open(folder / "dnsd.log", "a")
        self.process = subprocess.Popen(
            [DNSD, "--listen", f"127.0.0.1:{self.port}", "--upstream", "127.0.0.1:9", "--cache-mb", "1",
             "--status", f"127.0.0.1:{self.status}", "--snapshot", str(folder / "snapshot"), *options], stderr=self.log)
        self.peak_kib = 0
        self.sampling = watched
        self.sampler = threading.Thread(target=self._sample, daemon=True)
        self.sampler.start()

    def _pids(self):
        pid = self.process.pid
        try:
            children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            children = []
        return [pid, *children]

    def rss_kib(self):
        total = 0
        for pid in self._pids():
            try:
                with open(f"/proc/{pid}/smaps_rollup") as rollup:
                    total += next(int(line.split()[1]) for line in rollup if line.startswith("Rss:"))
            except (OSError, StopIteration):
                pass
        return total

    def _sample(self):
        while self.sampling:
            self.peak_kib = max(self.peak_kib, self.rss_kib())
            time.sleep(SAMPLE_S)

    def forget_peak(self):
        self.peak_kib = 0

    def cpu_ms(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")

    def thread_cpu_ms(self, name):
        """Of the thread of that name alone: the workers are busy with our questions."""
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text().strip() == name:
                return int((task / "schedstat").read_text().split()[0]) / 1e6
        return 0.0

    def dropped(self):
        """What khien-dnsd itself has dropped, its receive buffer included, by reason."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}/metrics") as page:
            lines = page.read().decode().splitlines()
        counts = (re.fullmatch(r'khien_dnsd_dropped_total\{why="(\w+)"\} (\d+)', line) for line in lines)
        return {match[1]: int(match[2]) for match in counts if match and match[2] != "0"}

    def blocks(self, name, timeout=1.0):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(timeout)
            s.connect(("127.0.0.1", self.port))
            try:
                s.send(query(name, 1))
                return s.recv(4096)[3] & 15 == 3
            except OSError:
                return False

    def wait_blocks(self, name, seconds=300):
        end = time.monotonic() + seconds
        while not self.blocks(name, 0.05):
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"khien-dnsd does not block {name}: see its log in {self.log.name}")
            time.sleep(0.002)

    def stop(self):
        self.sampling = False
        self.sampler.join()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        self.log.close()


class Load:
    """bench_swap_load beside a swap."""

    def __init__(self, port, blocked):
        self.process = subprocess.Popen([BIN / "bench_swap_load", str(port), str(RATE), str(blocked)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def report(self, prefix):
        out, _ = self.process.communicate()
        queries, lost, wrong, p50, p99, slowest, unread, pauses = out.split()
        figure(prefix + ".queries", queries, "queries")
        figure(prefix + ".lost", lost, "queries")
        figure(prefix + ".lost_by_us", unread, "queries")
        figure(prefix + ".load_pauses", pauses, "times")
        figure(prefix + ".wrong", wrong, "answers")
        figure(prefix + ".query_p50", p50, "us")
        figure(prefix + ".query_p99", p99, "us")
        figure(prefix + ".query_slowest", slowest, "us")


def wire_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def query(name, qtype, message_id=0x4B48, opcode=0):
    return struct.pack(">HHHHHH", message_id, opcode << 11 | (0x0400 if opcode else 0x0100), 1, 0, 0, 0) + \
        wire_name(name) + struct.pack(">HH", qtype, 1)


def settle(dnsd):
    """Steady memory: what is resident when nothing has changed for a while."""
    before = dnsd.rss_kib()
    while True:
        time.sleep(1.5)
        now = dnsd.rss_kib()
        if abs(now - before) * 200 < before:
            return now
        before = now


def swap(prefix, dnsd, common, new_name, act, log):
    """Acts, and measures until `new_name` is blocked and the snapshot is written."""
    steady = settle(dnsd)
    saved = log.read_text().count("rules_saved")
    load = Load(dnsd.port, common)
    time.sleep(1)
    dnsd.forget_peak()
    cpu = dnsd.cpu_ms()
    begin = time.monotonic()
    act()
    dnsd.wait_blocks(new_name)
    took = time.monotonic() - begin
    while log.read_text().count("rules_saved") == saved:
        time.sleep(0.01)
    peak = dnsd.peak_kib
    cpu = dnsd.cpu_ms() - cpu
    time.sleep(1)
    load.report(prefix)
    for name, count in dnsd.dropped().items():
        figure(f"{prefix}.dropped_{name}", count, "queries")
    after = settle(dnsd)
    figure(prefix + ".steady", steady, "KiB")
    figure(prefix + ".peak", max(peak, dnsd.peak_kib), "KiB")
    figure(prefix + ".after", after, "KiB")
    figure(prefix + ".peak_by_steady", f"{max(peak, dnsd.peak_kib) / steady:.3f}", "x")
    figure(prefix + ".time", round(took * 1000), "ms")
    figure(prefix + ".cpu", round(cpu), "ms")


def two_lists(folder, count):
    """Half of the names in both lists, half in one; and a file of names that both have."""
    names = list(synthetic_names(count + count // 2, 1))
    both = names[:count // 2]
    old = both + names[count // 2:count]
    new = both + names[count:]
    write_list(folder / "both.txt", random.Random(2).sample(both, min(50_000, len(both))))
    return old, new


def measure_reload(folder):
    old, new = two_lists(folder, NAMES)
    path = folder / "list.txt"
    write_list(path, old)
    write_list(folder / "new.txt", new)
    begin = time.monotonic()
    dnsd = Dnsd(folder, "--list", f"fraud={path}")
    dnsd.wait_blocks(old[-1])
    figure("reload.cold_load", round((time.monotonic() - begin) * 1000), "ms")
    swap("reload", dnsd, folder / "both.txt", new[-1], lambda: os.replace(folder / "new.txt", path),
         folder / "dnsd.log")
    dnsd.stop()
    begin = time.monotonic()
    dnsd = Dnsd(folder, "--list", f"fraud={path}")
    dnsd.wait_blocks(new[-1])
    figure("reload.from_snapshot", round((time.monotonic() - begin) * 1000), "ms")
    dnsd.stop()


def write_zone(path, names, serial):
    with open(path, "w") as out:
        out.write(f"$ORIGIN {ZONE}.\n$TTL 60\n@ SOA ns.khien. hostmaster.khien. {serial} 60 30 86400 60\n"
                  "@ NS ns.khien.\n")
        for name in names:
            out.write(f"{name} CNAME .\n*.{name} CNAME .\n")


def measure_axfr(folder):
    old, new = two_lists(folder, NAMES)
    knot_port, dnsd_port = free_port(), free_port()
    zone = folder / "zone"
    write_zone(zone, old, 1)
    (folder / "knot.conf").write_text(f"""
server:
  rundir: "{folder}"
  listen: 127.0.0.1@{knot_port}
  tcp-max-clients: 50
database:
  storage: "{folder}"
log:
- target: "{folder}/knot.log"
  any: warning
remote:
- id: dnsd
  address: 127.0.0.1@{dnsd_port}
acl:
- id: all
  address: 127.0.0.1
  action: transfer
zone:
- domain: "{ZONE}."
  file: "{zone}"
  zonefile-load: whole
  journal-content: none
  semantic-checks: off
  notify: dnsd
  acl: all
""")
    knot = subprocess.Popen(["knotd", "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        dnsd = Dnsd(folder, "--primary", f"127.0.0.1:{knot_port}", "--zones", "orders-phishing",
                    port=dnsd_port)
        dnsd.wait_blocks(old[-1])
        write_zone(folder / "zone.new", new, 2)
        os.replace(folder / "zone.new", zone)
        swap("axfr", dnsd, folder / "both.txt", new[-1],
             lambda: subprocess.run(["knotc", "-c", folder / "knot.conf", "zone-reload", ZONE + "."],
                                    check=True, stdout=subprocess.DEVNULL), folder / "dnsd.log")
        dnsd.stop()
    finally:
        knot.terminate()
        knot.wait()


class Primary(threading.Thread):
    """One zone in memory: AXFR of what it began with, IXFR of its last change, no more."""

    def __init__(self, names):
        super().__init__(daemon=True)
        self.serial = 1
        self.names = names
        self.change = []  # the frames of an IXFR from the serial before, made ahead of the NOTIFY
        self.server = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.port = self.server.getsockname()[1]
        self.notifier = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def soa(self, serial):
        return b"\xc0\x0c" + struct.pack(">HHIH", 6, 1, 60, 22) + b"\0\0" + \
            struct.pack(">IIIII", serial, 3600, 600, 86400, 60)

    def rules(self, names):
        cname = struct.pack(">HHIH", 5, 1, 60, 1) + b"\0"
        for name in names:
            owner = b"".join(bytes([len(l)]) + l.encode() for l in name.split(".")) + b"\xc0\x0c"
            yield owner + cname
            yield b"\1*" + owner + cname

    def frames(self, qtype, records):
        """Messages behind their lengths; the id is put in when they are sent."""
        question = wire_name(ZONE) + struct.pack(">HH", qtype, 1)
        body, count = b"", 0
        for record in [*records, None]:
            if record is None or len(body) + len(record) > 16_000:
                message = struct.pack(">HHHHHH", 0, 0x8400, 1, count, 0, 0) + question + body
                yield struct.pack(">H", len(message)) + message
                body, count = b"", 0
            if record is not None:
                body, count = body + record, count + 1

    def publish(self, removed, added):
        self.change = list(self.frames(251, [
            self.soa(self.serial + 1), self.soa(self.serial), *self.rules(removed),
            self.soa(self.serial + 1), *self.rules(added), self.soa(self.serial + 1)]))
        self.serial += 1

    def answer(self, request):
        qtype = struct.unpack_from(">H", request, 12 + len(wire_name(ZONE)))[0]
        have = struct.unpack(">I", request[-20:-16])[0] if qtype == 251 else None
        if have == self.serial:
            return self.frames(qtype, [self.soa(self.serial)])
        if have is not None and have == self.serial - 1:
            return self.change
        return self.frames(qtype, [self.soa(self.serial), *self.rules(self.names), self.soa(self.serial)])

    def run(self):
        while True:
            peer, _ = self.server.accept()
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        stream = peer.makefile("rb")
        while head := stream.read(2):
            request = stream.read(struct.unpack(">H", head)[0])
            for frame in self.answer(request):
                peer.sendall(frame[:2] + request[:2] + frame[4:])

    def notify(self, port):
        self.notifier.sendto(query(ZONE, 6, opcode=4), ("127.0.0.1", port))


def measure_ixfr(folder, names_each, prefix):
    base = list(synthetic_names(NAMES, 3))
    primary = Primary(base)
    primary.start()
    dnsd = Dnsd(folder, "--primary", f"127.0.0.1:{primary.port}", "--zones", "orders-phishing", watched=False)
    dnsd.wait_blocks(base[-1])
    settle(dnsd)
    fresh = synthetic_names(names_each * CHANGES, 4)
    times = []
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(1)
    asker.connect(("127.0.0.1", dnsd.port))
    cpu_begin = dnsd.thread_cpu_ms("secondary")
    for _ in range(CHANGES):
        time.sleep(0.12)
        added = [next(fresh) for _ in range(names_each)]
        primary.publish([], added)
        message = query(added[-1], 1)
        begin = time.monotonic()
        primary.notify(dnsd.port)
        while True:
            asker.send(message)
            if asker.recv(4096)[3] & 15 == 3:
                break
        times.append((time.monotonic() - begin) * 1000)
    cpu = dnsd.thread_cpu_ms("secondary") - cpu_begin
    times.sort()
    figure(prefix + ".changes", CHANGES, "changes")
    figure(prefix + ".p50", f"{times[len(times) // 2]:.2f}", "ms")
    figure(prefix + ".p99", f"{times[int(len(times) * 0.99)]:.2f}", "ms")
    figure(prefix + ".slowest", f"{times[-1]:.2f}", "ms")
    figure(prefix + ".cpu_a_change", f"{cpu / CHANGES:.2f}", "ms")
    dnsd.stop()


def measure_many(folder):
    path = folder / "many.txt"
    write_list(path, synthetic_names(MANY_NAMES, 5))
    empty = folder / "one.txt"
    empty.write_text("one.example\n")
    (folder / "empty").mkdir()
    dnsd = Dnsd(folder / "empty", "--list", f"fraud={empty}")
    dnsd.wait_blocks("one.example")
    without = settle(dnsd)
    dnsd.stop()
    begin = time.monotonic()
    dnsd = Dnsd(folder, "--list", f"fraud={path}")
    with open(path) as lines:
        first = next(lines).strip()
    dnsd.wait_blocks(first, 600)
    figure("many.cold_load", round((time.monotonic() - begin) * 1000), "ms")
    steady = settle(dnsd)
    figure("many.rss", steady, "KiB")
    figure("many.octets_a_name", f"{(steady - without) * 1024 / MANY_NAMES:.1f}", "octets")
    figure("many.peak", dnsd.peak_kib, "KiB")
    dnsd.stop()
    begin = time.monotonic()
    dnsd = Dnsd(folder, "--list", f"fraud={path}")
    dnsd.wait_blocks(first, 600)
    figure("many.from_snapshot", round((time.monotonic() - begin) * 1000), "ms")
    dnsd.stop()


PARTS = {
    "reload": measure_reload,
    "axfr": measure_axfr,
    "ixfr_one": lambda folder: measure_ixfr(folder, 1, "ixfr_one"),
    "ixfr_1000": lambda folder: measure_ixfr(folder, 1000, "ixfr_1000"),
    "many": measure_many,
}


def main():
    for part in sys.argv[1:] or PARTS:
        with tempfile.TemporaryDirectory(prefix="khien-swap-", dir=os.environ.get("TMPDIR")) as folder:
            PARTS[part](pathlib.Path(folder))


main()
