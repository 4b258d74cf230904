#!/usr/bin/python3
"""publish_followers.py: 200 secondaries on loopback follow a primary that holds a list of a million names (2 M records). Prints lines "figure value unit".

  publish_notify_p50, …_p99   from before the commit of one name until the first NOTIFY is there (ROUNDS rounds)
  publish_200_all             from before the commit until all 200 have the new serial by IXFR, the slowest of the rounds
  publish_200_cpu             processor time of the primary for that
  publish_ixfr_1000           the IXFR of 1,000 new names: from the request to the last octet
  publish_axfr_first          the whole list to the first secondary after a start
  publish_axfr                the whole list to a new secondary, median of eleven
  publish_axfr_copy           the same octets from a program that only sends them, over the same kind of connection
  publish_axfr_…ratio         the one by the other, which took turns; the median of the ratios
  publish_memory              resident memory of the primary afterwards"""

import os
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERVER = ROOT / "build/release/bin/bench_publish_server"
NAMES = int(os.environ.get("NAMES", 1_000_000))
ROUNDS = int(os.environ.get("ROUNDS", 50))
FOLLOWERS = 200
ZONE = b"\x0forders-phishing\x03rpz\x05khien\x00"
LIST = b"\x0bfeeds-fraud\x03rpz\x05khien\x00"
IXFR, AXFR, SOA = 251, 252, 6


def name_end(message, at):
    while message[at]:
        if message[at] >= 0xC0:
            return at + 2
        at += 1 + message[at]
    return at + 1


def first_serial(message):
    """Of the SOA at the head of the answer."""
    at = name_end(message, 12) + 4 if struct.unpack_from(">H", message, 4)[0] else 12
    at = name_end(message, at) + 10
    at = name_end(message, name_end(message, at))
    return struct.unpack_from(">I", message, at)[0]


def request(zone, qtype, serial=None):
    message = struct.pack(">6H", 1, 0, 1, 0, 0 if serial is None else 1, 0) + zone + struct.pack(">2H", qtype, 1)
    if serial is not None:
        message += b"\xc0\x0c" + struct.pack(">HHIH", SOA, 1, 0, 22) + b"\0\0" + struct.pack(">5I", serial, 0, 0, 0, 0)
    return struct.pack(">H", len(message)) + message


class Primary:
    def __init__(self, folder, followers, port):
        self.process = subprocess.Popen(
            [SERVER, folder, str(NAMES), str(followers), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        word, self.port, self.serial = self.process.stdout.readline().split()
        assert word == "ready"
        self.port, self.serial = int(self.port), int(self.serial)

    def change(self, what, count):
        self.process.stdin.write(f"{what} {count}\n")
        self.process.stdin.flush()

    def changed(self):
        before, done, serial = map(int, self.process.stdout.readline().split())
        self.serial = serial
        return before, done

    def cpu_ms(self):
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e6

    def memory_mib(self):
        return next(int(line.split()[1]) for line in open(f"/proc/{self.process.pid}/status") if line.startswith("VmRSS")) / 1024

    def stop(self):
        self.process.stdin.close()
        self.process.wait(30)


class Followers:
    """Each with an address of its own. They answer NOTIFY, ask by IXFR over a connection of their own, and keep the serial."""

    def __init__(self, count, port):
        self.sockets = {}
        self.poll = select.epoll()
        for i in range(1, count + 1):
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((f"127.0.1.{i}", port))
            self.sockets[one.fileno()] = one
            self.poll.register(one, select.EPOLLIN)

    def follow(self, primary, wanted):
        """Until all have the serial `wanted`. When the first NOTIFY came, and when the last one had it (steady ns)."""
        behind = set(self.sockets)
        first = None
        end = time.monotonic() + 60
        while behind:
            assert time.monotonic() < end, f"{len(behind)} followers are still behind"
            for fd, _ in self.poll.poll(1):
                message, peer = self.sockets[fd].recvfrom(4096)
                first = first or time.monotonic_ns()
                self.sockets[fd].sendto(message[:2] + bytes([message[2] | 0x80]) + message[3:], peer)
                if ZONE in message and fd in behind and self.transfer(fd, primary, wanted):
                    behind.discard(fd)
        return first, time.monotonic_ns()

    def transfer(self, fd, primary, wanted):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((self.sockets[fd].getsockname()[0], 0))
            tcp.connect(("127.0.0.1", primary.port))
            tcp.sendall(request(ZONE, IXFR, wanted - 1))
            head = tcp.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                return False
            message = tcp.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL)
            return first_serial(message) == wanted

    def quiet(self):
        """Answers what is still on its way."""
        while self.poll.poll(0.3):
            for fd, _ in self.poll.poll(0):
                message, peer = self.sockets[fd].recvfrom(4096)
                self.sockets[fd].sendto(message[:2] + bytes([message[2] | 0x80]) + message[3:], peer)


def percentile(values, part):
    return sorted(values)[int(part * (len(values) - 1))]


def read_all(tcp):
    """A whole transfer: its octets, to the closing SOA."""
    size = 0
    buffer = bytearray(1 << 20)
    view = memoryview(buffer)
    pending = b""
    while True:
        got = tcp.recv_into(view)
        if got == 0:
            return size
        size += got
        pending = (pending + bytes(view[max(0, got - 200) : got]))[-200:]
        # SOA content: primary and mailbox end before five 32-bit numbers; the closing record ends the stream.
        if got < len(buffer) and is_closed(pending):
            return size


def is_closed(tail):
    # minimum 30 s, expire, retry 30, refresh 60: the last twenty octets of a closing SOA.
    return len(tail) > 20 and struct.unpack(">I", tail[-4:])[0] == 30 and struct.unpack(">I", tail[-12:-8])[0] == 30


def whole_list(primary):
    with socket.create_connection(("127.0.0.1", primary.port)) as tcp:
        start = time.monotonic()
        tcp.sendall(request(LIST, AXFR))
        size = read_all(tcp)
        return time.monotonic() - start, size


def plain_copy(size):
    """The same number of octets from a program that does nothing but send them."""
    code = (
        "import socket,sys\n"
        "one=socket.socket();one.bind(('127.0.0.1',0));one.listen();print(one.getsockname()[1],flush=True)\n"
        "peer,_=one.accept();peer.recv(1);left=int(sys.argv[1]);block=bytes(32768)\n"
        "while left>0:\n  peer.sendall(block[:min(left,32768)]);left-=32768\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(size)], stdout=subprocess.PIPE, text=True)
    port = int(child.stdout.readline())
    with socket.create_connection(("127.0.0.1", port)) as tcp:
        view = memoryview(bytearray(1 << 20))
        start = time.monotonic()
        tcp.sendall(b"x")
        got = 0
        while got < size:
            got += tcp.recv_into(view)
        took = time.monotonic() - start
    child.wait()
    return took


def show(figure, value, unit):
    print(f"publish_{figure} {value:.3f} {unit}", flush=True)


def measure(folder):
    port = random.randrange(20_000, 30_000)
    followers = Followers(FOLLOWERS, port)
    primary = Primary(folder, FOLLOWERS, port)
    try:
        followers.quiet()
        notified, took, cpu = [], [], []
        for _ in range(ROUNDS):
            wanted = primary.serial + 1
            cpu_before = primary.cpu_ms()
            primary.change("add", 1)
            first, last = followers.follow(primary, wanted)
            before, _ = primary.changed()
            notified.append((first - before) / 1e6)
            took.append((last - before) / 1e6)
            cpu.append(primary.cpu_ms() - cpu_before)
            followers.quiet()
        show("notify_p50", percentile(notified, 0.5), "ms")
        show("notify_p99", percentile(notified, 0.99), "ms")
        show("200_all", max(took), "ms")
        show("200_cpu", percentile(cpu, 0.5), "ms")

        serial = primary.serial
        primary.change("add", 1_000)
        primary.changed()
        with socket.create_connection(("127.0.0.1", primary.port)) as tcp:
            start = time.monotonic()
            tcp.sendall(request(ZONE, IXFR, serial))
            size = read_all(tcp)
            show("ixfr_1000", (time.monotonic() - start) * 1e3, "ms")
            show("ixfr_1000_size", size / 1e3, "kB")

        first, size = whole_list(primary)
        times, copies = [], []
        for _ in range(11):
            times.append(whole_list(primary)[0])
            copies.append(plain_copy(size))
        copy = percentile(copies, 0.5)
        show("axfr_first", first, "s")
        show("axfr", percentile(times, 0.5), "s")
        show("axfr_size", size / 1e6, "MB")
        show("axfr_copy", copy, "s")
        show("axfr_first_ratio", first / copy, "×")
        show("axfr_ratio", percentile([ours / theirs for ours, theirs in zip(times, copies)], 0.5), "×")
        show("memory", primary.memory_mib(), "MiB")
    finally:
        primary.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="khien-publish-") as folder:
        measure(folder)
