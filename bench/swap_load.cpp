// Asks a resolver at a steady rate and says what was lost, late or wrong.
//   bench_swap_load PORT RATE BLOCKED [ALLOWED]
// BLOCKED and ALLOWED are files of names, one a line. Each name of BLOCKED must get NXDOMAIN all
// the time, each of ALLOWED (every tenth query) anything else. Runs until standard input ends, then
// prints "queries lost wrong p50_us p99_us slowest_us unread pauses". A query sent is lost if its
// answer has not come when the id is used again, or lost_after the end; `unread` of the lost ones
// were answered, and fell out of our own socket before we read them (the kernel's count), and
// `pauses` is how often we ourselves were kept from running for pause_us. What our own sleep
// oversleeps does not count as the resolver's time.
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t ids = 65'536;
constexpr auto lost_after = std::chrono::seconds{5};
constexpr auto pause_us = std::chrono::microseconds{20'000};
constexpr std::uint8_t rcode_nxdomain = 3;
constexpr std::size_t header_size = 12;

struct Sent {
  Clock::time_point at;
  bool waiting = false;
  bool must_block = true;
};

struct Figures {
  long queries = 0;
  long lost = 0;
  long wrong = 0;
  long pauses = 0;
  std::vector<long> times_us;
};

std::vector<std::string> read_names(const char* path) {
  std::vector<std::string> names;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) names.push_back(line);
  }
  return names;
}

std::string query_of(const std::string& name, std::uint16_t id) {
  std::string out{static_cast<char>(id >> 8), static_cast<char>(id & 0xFF), 1, 0, 0, 1};
  out.append(6, '\0');
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    out += static_cast<char>(end - at);
    out += name.substr(at, end - at);
    at = end + 1;
  }
  out += '\0';
  out += std::string{0, 1, 0, 1};
  return out;
}

void receive(int fd, std::vector<Sent>& sent, Figures& figures) {
  std::array<std::uint8_t, 4'096> buffer{};
  while (true) {
    const auto size = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < static_cast<ssize_t>(header_size)) return;
    Sent& one = sent[static_cast<std::size_t>(buffer[0] << 8 | buffer[1])];
    if (!one.waiting) continue;
    one.waiting = false;
    const bool is_blocked = (buffer[3] & 15) == rcode_nxdomain;
    if (is_blocked != one.must_block) ++figures.wrong;
    figures.times_us.push_back(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - one.at).count());
  }
}

long part(const std::vector<long>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

/// Datagrams that the kernel threw away because we had not read those before them.
long unread(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t size = sizeof figures;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, figures.data(), &size) != 0) return -1;
  return figures[SK_MEMINFO_DROPS];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: bench_swap_load PORT RATE BLOCKED [ALLOWED]\n");
    return 64;
  }
  const auto blocked = read_names(argv[3]);
  const auto allowed = argc > 4 ? read_names(argv[4]) : std::vector<std::string>{};
  const auto pause = std::chrono::nanoseconds{std::chrono::seconds{1}} / std::atol(argv[2]);
  const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(static_cast<std::uint16_t>(std::atol(argv[1])));
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || ::connect(fd, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    std::perror("bench_swap_load");
    return 1;
  }
  // Room for a second of answers, so that what we are too slow to read is not taken for lost.
  const int room = 4 << 20;
  (void)::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
  Figures figures;
  std::vector<Sent> sent(ids);
  auto next_at = Clock::now();
  std::array<pollfd, 2> waiting{
      {{.fd = fd, .events = POLLIN, .revents = 0}, {.fd = 0, .events = POLLIN, .revents = 0}}};
  for (std::uint16_t id = 0;;) {
    const auto now = Clock::now();
    if (now < next_at) {
      const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(next_at - now);
      const timespec time{.tv_sec = 0, .tv_nsec = wait.count()};
      (void)::ppoll(waiting.data(), waiting.size(), &time, nullptr);
      if (waiting[1].revents != 0) break;
      receive(fd, sent, figures);
      continue;
    }
    if (now - next_at > pause_us) ++figures.pauses;
    next_at =
        std::max(next_at + pause, now - std::chrono::milliseconds{1});  // no burst to catch up
    Sent& one = sent[id];
    if (one.waiting) ++figures.lost;  // 65,536 queries ago
    const bool must_block = allowed.empty() || id % 10 != 0;
    const auto& names = must_block ? blocked : allowed;
    const std::string query =
        query_of(names[static_cast<std::size_t>(std::rand()) % names.size()], id);
    one = {.at = Clock::now(), .waiting = true, .must_block = must_block};
    if (::send(fd, query.data(), query.size(), 0) < 0) one.waiting = false;
    ++figures.queries;
    ++id;
    receive(fd, sent, figures);
  }
  const auto end = Clock::now() + lost_after;
  const auto waits = [&] { return std::ranges::count(sent, true, &Sent::waiting) != 0; };
  while (waits() && Clock::now() < end && ::poll(waiting.data(), 1, 100) >= 0) {
    receive(fd, sent, figures);
  }
  figures.lost += std::ranges::count(sent, true, &Sent::waiting);
  std::ranges::sort(figures.times_us);
  std::printf("%ld %ld %ld %ld %ld %ld %ld %ld\n", figures.queries, figures.lost, figures.wrong,
              part(figures.times_us, 0.5), part(figures.times_us, 0.99),
              part(figures.times_us, 1.0), unread(fd), figures.pauses);
  return 0;
}
