#include "publish/test_servers.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>

#include "base/assert.h"
#include "base/clock.h"
#include "base/file.h"
#include "dns/question.h"
#include "dns/writer.h"
#include "net/socket.h"

namespace khien::publish {
namespace {

net::SocketAddress loopback() { return *net::SocketAddress::parse("127.0.0.1:0"); }

pid_t spawn(const std::vector<std::string>& command, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  KHIEN_ASSERT(error == 0);
  return pid;
}

void answer_everything(net::UdpSocket& socket, const std::stop_token& stop) {
  std::array<std::uint8_t, 4'096> in;
  std::array<std::uint8_t, 512> out;
  while (!stop.stop_requested()) {
    pollfd one{.fd = socket.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&one, 1, 50) != 1) continue;
    const auto received = socket.receive(in);
    if (!received || received->size > in.size()) continue;
    const Bytes query = Bytes{in}.first(received->size);
    const auto question = dns::parse_question(query);
    if (!question) continue;
    dns::MessageWriter writer{out, out.size()};
    writer.begin(dns::load_u16(query, 0), dns::flag_qr | dns::flag_ra | dns::flag_rd);
    const std::array<std::uint8_t, 4> address{192, 0, 2, 80};
    const bool fits = writer.add_question(question->name(), question->qtype, question->qclass) &&
                      (question->qtype != dns::type_a ||
                       writer.add_record(dns::Section::answer, question->name(),
                                         {.type = dns::type_a, .ttl = 1}, address));
    if (fits) socket.send_to(writer.message(), received->peer);
  }
}

}  // namespace

net::SocketAddress free_address() {
  for (int attempt = 0; attempt < 20; ++attempt) {
    const auto tcp = net::TcpListener::listen({.address = loopback()});
    KHIEN_ASSERT(tcp.has_value());
    if (net::UdpSocket::bind({.address = tcp->local_address()})) return tcp->local_address();
  }
  KHIEN_ASSERT(false);
}

std::optional<std::string> find_program(std::string_view name) {
  for (const std::string_view folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/"}) {
    std::string path = std::string{folder} + std::string{name};
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return std::nullopt;
}

TestProcess::TestProcess(const std::vector<std::string>& command, const std::filesystem::path& log)
    : pid_(spawn(command, log)) {}

TestProcess::~TestProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

CommandOutput run_command(const std::vector<std::string>& command,
                          const std::filesystem::path& folder) {
  constexpr std::size_t output_size_max = 64U << 20;
  const auto log = folder / "command.out";
  const pid_t pid = spawn(command, log);
  int status = 0;
  ::waitpid(pid, &status, 0);
  const auto text = read_file(log, output_size_max);
  return {.text = text ? to_text(*text) : std::string{},
          .good = WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

TestUpstream::TestUpstream() {
  auto socket = net::UdpSocket::bind({.address = loopback()});
  KHIEN_ASSERT(socket.has_value());
  address_ = socket->local_address();
  auto owned = std::make_unique<net::UdpSocket>(std::move(*socket));
  thread_ = std::jthread{[socket = std::move(owned)](const std::stop_token& stop) {
    answer_everything(*socket, stop);
  }};
}

int rcode_of(const net::SocketAddress& server, const dns::Name& name, int wait_ms) {
  std::array<std::uint8_t, 4'096> buffer;
  dns::MessageWriter writer{buffer, 512};
  writer.begin(0x4B48, dns::flag_rd);
  KHIEN_ASSERT(writer.add_question(name, dns::type_a, dns::class_in));
  auto socket = net::UdpSocket::connect(server);
  if (!socket) return -1;
  socket->send(writer.message());
  pollfd one{.fd = socket->fd(), .events = POLLIN, .revents = 0};
  if (::poll(&one, 1, wait_ms) != 1) return -1;
  const auto received = socket->receive(buffer);
  if (!received || received->size > buffer.size()) return -1;
  const auto header = dns::parse_header(Bytes{buffer}.first(received->size));
  return header ? header->rcode() : -1;
}

std::int64_t time_until(const net::SocketAddress& server, const dns::Name& name, int wanted,
                        std::int64_t wait_max_ms) {
  constexpr int query_wait_ms = 500;
  constexpr std::chrono::milliseconds pause{2};
  const SystemClock clock;
  const std::int64_t start_ms = clock.steady_ms();
  while (clock.steady_ms() - start_ms < wait_max_ms) {
    if (rcode_of(server, name, query_wait_ms) == wanted) return clock.steady_ms() - start_ms;
    std::this_thread::sleep_for(pause);
  }
  return -1;
}

}  // namespace khien::publish
