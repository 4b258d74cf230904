// Load for measuring DNS servers over UDP, and the least that such a server can cost.
//   bench_dns_load floor ADDRESS PORT           answers every query with one address, until killed
//   bench_dns_load ask ADDRESS PORT SECONDS FILE   asks for the names of FILE (NAME, one a line)
//   bench_dns_load verdicts ADDRESS PORT FILE      prints one character for each name of FILE
// `ask` keeps 8 sockets of 32 queries under way and takes a batch with one system call, so that it
// costs less than the server. It prints "received N lost N noerror N nxdomain N servfail N".
// `verdicts` asks for each name until it is answered, at most five times: the rcode's digit where
// the answer section is empty, its letter (a for NOERROR) where it is not, ? for no answer at all.
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "dns/wire.h"
#include "policy/list_text.h"

using namespace khien;

namespace {

constexpr std::size_t batch_size = 32;
constexpr std::size_t socket_count = 8;
constexpr std::size_t packet_size = 1'500;
constexpr int buffer_size = 4 << 20;
constexpr double patience_s = 0.2;  // then what is under way counts as lost

double now_s() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(since).count();
}

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

sockaddr_in address_of(const char* address, const char* port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (inet_pton(AF_INET, address, &out.sin_addr) != 1) die(address);
  return out;
}

int open_socket(const sockaddr_in& address, bool server) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | (server ? 0 : SOCK_NONBLOCK), 0);
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_size, sizeof buffer_size);
  const auto* native = reinterpret_cast<const sockaddr*>(&address);
  if (fd < 0 ||
      (server ? ::bind(fd, native, sizeof address) : ::connect(fd, native, sizeof address)) != 0) {
    die(server ? "bind" : "connect");
  }
  return fd;
}

struct Batch {
  std::array<mmsghdr, batch_size> heads{};
  std::array<iovec, batch_size> parts{};
  std::array<sockaddr_in, batch_size> peers{};
  std::array<std::array<std::uint8_t, packet_size>, batch_size> octets{};

  explicit Batch(bool with_peers) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      parts[i] = {.iov_base = octets[i].data(), .iov_len = packet_size};
      heads[i].msg_hdr.msg_iov = &parts[i];
      heads[i].msg_hdr.msg_iovlen = 1;
      if (with_peers) heads[i].msg_hdr.msg_name = &peers[i];
    }
  }
};

// Turns the query into an answer with one address; its new size, 0 for none.
std::size_t answer_in_place(std::array<std::uint8_t, packet_size>& packet, std::size_t size) {
  constexpr std::array<std::uint8_t, 16> record{0xC0, 12, 0, 1, 0,   1, 0, 0,
                                                0x0E, 16, 0, 4, 192, 0, 2, 1};
  std::size_t at = 12;
  while (at < size && packet[at] != 0) at += 1 + std::size_t{packet[at]};
  at += 5;
  if (at > size || at + record.size() > packet.size()) return 0;
  packet[2] |= 0x80;
  packet[3] = 0x80;
  std::memset(packet.data() + 6, 0, 6);
  if (packet[at - 4] != 0 || packet[at - 3] != 1) return at;
  packet[7] = 1;
  std::memcpy(packet.data() + at, record.data(), record.size());
  return at + record.size();
}

int serve_floor(const sockaddr_in& address) {
  const int fd = open_socket(address, true);
  static Batch batch{true};
  while (true) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      batch.parts[i] = {.iov_base = batch.octets[i].data(), .iov_len = packet_size};
      batch.heads[i].msg_hdr.msg_namelen = sizeof(sockaddr_in);
    }
    const int count = ::recvmmsg(fd, batch.heads.data(), batch_size, MSG_WAITFORONE, nullptr);
    if (count <= 0) continue;
    for (int i = 0; i < count; ++i) {
      const auto at = static_cast<std::size_t>(i);
      batch.parts[at].iov_len = answer_in_place(batch.octets[at], batch.heads[at].msg_len);
    }
    for (int sent = 0; sent < count;) {
      const int now =
          ::sendmmsg(fd, batch.heads.data() + sent, static_cast<unsigned>(count - sent), 0);
      if (now <= 0) break;
      sent += now;
    }
  }
}

std::vector<Octets> read_queries(const char* path) {
  std::ifstream file{path};
  std::vector<Octets> queries;
  std::array<std::uint8_t, policy::key_name_size_max> wire{};
  for (std::string line; std::getline(file, line);) {
    const auto size = policy::host_to_wire(line, wire);
    if (!size) continue;
    Octets query{0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    query.insert(query.end(), wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(*size));
    for (const std::uint16_t value : {dns::type_a, dns::class_in}) dns::append_u16(query, value);
    queries.push_back(std::move(query));
  }
  if (queries.empty()) die(path);
  return queries;
}

struct Tally {
  std::size_t received = 0;
  std::size_t lost = 0;
  std::array<std::size_t, 16> rcodes{};
};

Tally ask(const sockaddr_in& address, double seconds, std::vector<Octets>& queries) {
  struct Line {
    int fd;
    std::size_t under_way = 0;
    double heard_s = 0;
  };
  std::vector<Line> lines;
  std::array<pollfd, socket_count> polled{};
  const double begin_s = now_s();
  for (std::size_t i = 0; i < socket_count; ++i) {
    lines.push_back({.fd = open_socket(address, false), .heard_s = begin_s});
    polled[i] = {.fd = lines[i].fd, .events = POLLIN, .revents = 0};
  }
  static Batch out{false};
  static Batch in{false};
  Tally tally;
  std::size_t next = 0;
  while (true) {
    const double at_s = now_s();
    if (at_s > begin_s + seconds) return tally;
    for (Line& line : lines) {
      const std::size_t room = batch_size - line.under_way;
      if (room < batch_size / 2) continue;
      for (std::size_t i = 0; i < room; ++i) {
        Octets& query = queries[next];
        dns::store_u16(query, 0, static_cast<std::uint16_t>(next));
        out.parts[i] = {.iov_base = query.data(), .iov_len = query.size()};
        next = next + 1 == queries.size() ? 0 : next + 1;
      }
      const int sent = ::sendmmsg(line.fd, out.heads.data(), static_cast<unsigned>(room), 0);
      if (sent > 0) line.under_way += static_cast<std::size_t>(sent);
    }
    bool any = false;
    for (Line& line : lines) {
      const int count = ::recvmmsg(line.fd, in.heads.data(), batch_size, MSG_DONTWAIT, nullptr);
      if (count > 0) {
        any = true;
        line.heard_s = at_s;
        tally.received += static_cast<std::size_t>(count);
        line.under_way -= std::min(line.under_way, static_cast<std::size_t>(count));
        for (int i = 0; i < count; ++i) {
          ++tally.rcodes[in.octets[static_cast<std::size_t>(i)][3] & 0x0F];
        }
      } else if (line.under_way != 0 && at_s - line.heard_s > patience_s) {
        tally.lost += line.under_way;
        line.under_way = 0;
        line.heard_s = at_s;
      }
    }
    if (!any) (void)::poll(polled.data(), polled.size(), 20);
  }
}

class VerdictCollector {
 public:
  VerdictCollector(const sockaddr_in& address, const std::vector<Octets>& queries)
      : fd_(open_socket(address, false)), queries_(queries), verdicts_(queries.size(), '?') {}

  const std::string& run() {
    for (std::size_t id = 0; id < slots_.size(); ++id) start_next(id);
    while (under_way_ != 0) {
      pollfd polled{.fd = fd_, .events = POLLIN, .revents = 0};
      (void)::poll(&polled, 1, 50);
      receive();
      for (std::size_t id = 0; id < slots_.size(); ++id) repeat_if_late(id);
    }
    return verdicts_;
  }

 private:
  static constexpr std::size_t slot_count = 256;
  static constexpr double late_s = 1.0;
  static constexpr int tries_max = 5;
  struct Slot {
    std::size_t name = 0;
    double sent_s = 0;
    int tries = 0;  // 0: free
  };

  void send(std::size_t id) {
    Octets query = queries_[slots_[id].name];
    dns::store_u16(query, 0, static_cast<std::uint16_t>(id));
    slots_[id].sent_s = now_s();
    ++slots_[id].tries;
    (void)::send(fd_, query.data(), query.size(), 0);
  }
  void start_next(std::size_t id) {
    if (next_ == queries_.size()) return;
    slots_[id] = {.name = next_++};
    ++under_way_;
    send(id);
  }
  void finish(std::size_t id) {
    slots_[id].tries = 0;
    --under_way_;
    start_next(id);
  }
  void receive() {
    std::array<std::uint8_t, packet_size> packet{};
    while (true) {
      const ssize_t size = ::recv(fd_, packet.data(), packet.size(), 0);
      if (size < 12) return;
      const std::size_t id = dns::load_u16(packet, 0);
      if (id >= slots_.size() || slots_[id].tries == 0) continue;
      // A late answer to the name that had this slot before must not count for the one in it now.
      const Octets& query = queries_[slots_[id].name];
      if (static_cast<std::size_t>(size) < query.size() ||
          !std::equal(query.begin() + 12, query.end(), packet.begin() + 12)) {
        continue;
      }
      const bool has_answer = dns::load_u16(packet, 6) != 0;
      verdicts_[slots_[id].name] = static_cast<char>((has_answer ? 'a' : '0') + (packet[3] & 0x0F));
      finish(id);
    }
  }
  void repeat_if_late(std::size_t id) {
    const Slot& slot = slots_[id];
    if (slot.tries == 0 || now_s() - slot.sent_s < late_s) return;
    if (slot.tries == tries_max) return finish(id);
    send(id);
  }

  int fd_;
  const std::vector<Octets>& queries_;
  std::string verdicts_;
  std::array<Slot, slot_count> slots_{};
  std::size_t next_ = 0;
  std::size_t under_way_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string_view mode = argc > 3 ? argv[1] : "";
  if (mode == "floor" && argc == 4) return serve_floor(address_of(argv[2], argv[3]));
  if (mode == "ask" && argc == 6) {
    auto queries = read_queries(argv[5]);
    const Tally tally = ask(address_of(argv[2], argv[3]), std::atof(argv[4]), queries);
    std::printf("received %zu lost %zu noerror %zu nxdomain %zu servfail %zu\n", tally.received,
                tally.lost, tally.rcodes[0], tally.rcodes[3], tally.rcodes[2]);
    return tally.received == 0 ? 1 : 0;
  }
  if (mode == "verdicts" && argc == 5) {
    const auto queries = read_queries(argv[4]);
    VerdictCollector collector{address_of(argv[2], argv[3]), queries};
    std::puts(collector.run().c_str());
    return 0;
  }
  std::fprintf(stderr,
               "usage: bench_dns_load floor ADDRESS PORT\n"
               "       bench_dns_load verdicts ADDRESS PORT FILE\n"
               "       bench_dns_load ask ADDRESS PORT SECONDS FILE\n");
  return 64;
}
