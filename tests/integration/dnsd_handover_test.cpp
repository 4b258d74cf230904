// Restarting khien-dnsd, the program, without a lost query: this test is the parent that keeps the
// sockets, as systemd does (LISTEN_FDS, NOTIFY_SOCKET). Questions come in steadily, blocked ones,
// quick ones and slow ones; the program is stopped and started anew ten times; every question is
// answered, without being asked twice. The program runs in its sandbox.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "resolver/test_worker.h"

namespace khien {
namespace {

using resolver::packet_of;
using resolver::test_loopback;
using resolver::wait_readable;

constexpr int restarts = 10;
constexpr int workers = 2;
constexpr int clients = 8;          // source ports, so that both workers get some
constexpr int pace_ms = 5;          // between two questions: what waits stays small
constexpr int patience_ms = 5'000;  // of a stub resolver
constexpr int start_max_ms = 60'000;

/// Answers every question with one address; those for slow names after a while.
class SlowUpstream {
 public:
  SlowUpstream() : socket_(net::UdpSocket::bind({.address = test_loopback()}).value()) {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  [[nodiscard]] net::SocketAddress address() const { return socket_.local_address(); }

 private:
  struct Late {
    std::int64_t due_ms;
    Octets answer;
    net::SocketAddress peer;
  };
  static constexpr std::int64_t slow_ms = 150;

  void run(const std::stop_token& stop) {
    Octets buffer(dns::message_size_max);
    while (!stop.stop_requested()) {
      (void)wait_readable(socket_.fd(), pace_ms);
      const std::int64_t now_ms = clock_.steady_ms();
      while (const auto received = socket_.receive(buffer)) {
        const Bytes query = Bytes{buffer}.first(received->size);
        const auto question = dns::parse_question(query);
        if (!question) continue;
        const bool slow = question->qname.size() > 2 && (question->qname[1] | 0x20) == 's';
        late_.push_back(
            {slow ? now_ms + slow_ms : now_ms, answer_to(query, *question), received->peer});
      }
      std::erase_if(late_, [&](const Late& late) {
        return late.due_ms <= now_ms && (socket_.send_to(late.answer, late.peer), true);
      });
    }
  }
  static Octets answer_to(Bytes query, const dns::Question& question) {
    Octets out(512);
    dns::MessageWriter writer{out, out.size()};
    writer.begin(dns::load_u16(query, 0), dns::flag_qr | dns::flag_rd | dns::flag_ra);
    KHIEN_ASSERT(writer.add_question(question.name(), question.qtype, question.qclass));
    KHIEN_ASSERT(writer.add_record(dns::Section::answer, question.name(),
                                   {.type = dns::type_a, .ttl = 1},
                                   std::array<std::uint8_t, 4>{192, 0, 2, 10}));
    out.resize(writer.size());
    return out;
  }
  SystemClock clock_;
  net::UdpSocket socket_;
  std::deque<Late> late_;
  std::jthread thread_;
};

/// khien-dnsd as a service manager starts it.
class Program {
 public:
  Program(std::vector<std::string> arguments, std::vector<int> fds)
      : arguments_(std::move(arguments)) {
    // High numbers, so that no dup2() of a child overwrites one that is still needed.
    constexpr int high = 300;
    for (const int fd : fds) fds_.push_back(FileDescriptor{::fcntl(fd, F_DUPFD, high)});
    notify_name_ = "@khien-handover-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, notify_name_.data(), notify_name_.size());
    address.sun_path[0] = '\0';
    notify_ = FileDescriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + notify_name_.size());
    KHIEN_ASSERT(::bind(notify_.get(), reinterpret_cast<sockaddr*>(&address), size) ==
                 0);  // NOLINT
  }
  ~Program() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }

  void start() {
    // Made before the fork: the child of a process with threads may not allocate.
    std::vector<std::string> environment{"LISTEN_FDS=" + std::to_string(fds_.size()),
                                         "NOTIFY_SOCKET=" + notify_name_, "LISTEN_PID=0000000000"};
    std::vector<char*> envp;
    for (auto& variable : environment) envp.push_back(variable.data());
    envp.push_back(nullptr);
    std::vector<char*> argv;
    for (auto& argument : arguments_) argv.push_back(argument.data());
    argv.push_back(nullptr);
    char* pid_digits = environment.back().data() + std::strlen("LISTEN_PID=");
    pid_ = ::fork();
    if (pid_ == 0) {
      int rest = ::getpid();
      for (int digit = 9; digit >= 0; --digit, rest /= 10) {
        pid_digits[digit] = static_cast<char>('0' + rest % 10);
      }
      for (std::size_t i = 0; i < fds_.size(); ++i) ::dup2(fds_[i].get(), 3 + static_cast<int>(i));
      ::execve(argv[0], argv.data(), envp.data());
      ::_exit(127);
    }
    ASSERT_GT(pid_, 0);
  }
  /// Waits for a message that begins so; false if the program ends or is too slow.
  bool says(std::string_view begin) {
    std::array<char, 1'024> text{};
    while (wait_readable(notify_.get(), start_max_ms)) {
      const auto size = ::recv(notify_.get(), text.data(), text.size(), 0);
      if (size > 0 &&
          std::string_view{text.data(), static_cast<std::size_t>(size)}.starts_with(begin))
        return true;
    }
    return false;
  }
  void send(int signal) const { ::kill(pid_, signal); }
  int wait_for_end() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  std::vector<std::string> arguments_;
  std::vector<FileDescriptor> fds_;
  std::string notify_name_;
  FileDescriptor notify_;
  pid_t pid_ = -1;
};

/// Asks steadily and notes which questions were answered.
class Stream {
 public:
  explicit Stream(const net::SocketAddress& server) : server_(server) {
    for (int i = 0; i < clients; ++i) {
      sockets_.push_back(net::UdpSocket::bind({.address = test_loopback()}).value());
    }
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  /// Stops asking, waits for what is due, and says how many questions got no answer.
  std::vector<std::string> unanswered() {
    thread_.request_stop();
    thread_.join();
    std::vector<std::string> names;
    for (std::size_t id = 0; id < names_.size(); ++id) {
      if (!answered_[id]) names.push_back(names_[id]);
    }
    return names;
  }
  [[nodiscard]] std::size_t asked() const { return names_.size(); }
  [[nodiscard]] std::size_t wrong() const { return wrong_; }
  [[nodiscard]] std::int64_t slowest_ms() const { return slowest_ms_; }

 private:
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested() && names_.size() < 60'000) {
      ask();
      take(pace_ms);
    }
    const std::int64_t until_ms = clock_.steady_ms() + patience_ms;
    while (answers_ < names_.size() && clock_.steady_ms() < until_ms) take(pace_ms);
  }
  void ask() {
    const auto id = names_.size();
    const std::array kinds{"xau.example", "quick.example", "xau.example", "slow.example"};
    // A name of its own each time for what goes upstream, so that the cache hides nothing.
    const std::string kind = kinds[id % kinds.size()];
    const std::string name = (kind[0] == 's' ? "s" : "q") + std::to_string(id) + "." + kind;
    names_.push_back(name);
    answered_.push_back(false);
    asked_at_ms_.push_back(clock_.steady_ms());
    const auto packet = packet_of({.name = name, .id = static_cast<std::uint16_t>(id)});
    (void)sockets_[id % sockets_.size()].send_to(packet, server_);
  }
  void take(int wait_ms) {
    std::array<pollfd, clients> waiting{};
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      waiting[i] = {.fd = sockets_[i].fd(), .events = POLLIN, .revents = 0};
    }
    const std::int64_t until_ms = clock_.steady_ms() + wait_ms;
    for (std::int64_t left = wait_ms; left > 0; left = until_ms - clock_.steady_ms()) {
      if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) <= 0) return;
      std::array<std::uint8_t, 1'500> buffer{};
      for (auto& socket : sockets_) {
        while (const auto got = socket.receive(buffer)) note(Bytes{buffer}.first(got->size));
      }
    }
  }
  void note(Bytes answer) {
    const std::size_t id = answer.size() < 12 ? names_.size() : dns::load_u16(answer, 0);
    if (id >= names_.size() || answered_[id]) {
      ++wrong_;
      return;
    }
    const bool blocked = id % 2 == 0;
    const int rcode = dns::load_u16(answer, 2) & 0x0F;
    if (rcode != (blocked ? dns::rcode_nxdomain : dns::rcode_noerror)) ++wrong_;
    answered_[id] = true;
    ++answers_;
    slowest_ms_ = std::max(slowest_ms_, clock_.steady_ms() - asked_at_ms_[id]);
  }

  SystemClock clock_;
  net::SocketAddress server_;
  std::vector<net::UdpSocket> sockets_;
  std::vector<std::string> names_;  // by id
  std::vector<bool> answered_;
  std::vector<std::int64_t> asked_at_ms_;
  std::size_t answers_ = 0;
  std::size_t wrong_ = 0;
  std::int64_t slowest_ms_ = 0;
  std::jthread thread_;
};

TEST(DnsdHandover, TenRestartsLoseNoQuestion) {
  const auto folder =
      std::filesystem::path{testing::TempDir()} / ("dnsd-handover-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream{folder / "list"} << "xau.example\n";

  std::vector<net::UdpSocket> udp;
  net::SocketAddress address = test_loopback();
  for (int i = 0; i < workers; ++i) {
    udp.push_back(net::UdpSocket::bind({.address = address,
                                        .sharing = net::PortSharing::shared,
                                        .receive_buffer_size = resolver::udp_receive_buffer_size})
                      .value());
    address = udp.front().local_address();
  }
  const auto tcp = net::TcpListener::listen({.address = address}).value();
  const auto status = net::TcpListener::listen({.address = test_loopback()}).value();
  const SlowUpstream upstream;
  Program program{
      {std::string{KHIEN_BINARY_DIR} + "/bin/khien-dnsd", "--listen", to_string(address),
       "--workers", std::to_string(workers), "--upstream", to_string(upstream.address()), "--list",
       "phishing=" + (folder / "list").string(), "--snapshot", (folder / "snapshot").string(),
       "--status", to_string(status.local_address())},
      {status.fd(), udp[1].fd(), tcp.fd(), udp[0].fd()}};
  program.start();
  ASSERT_TRUE(program.says("READY=1"));

  Stream stream{address};
  for (int i = 0; i < restarts; ++i) {
    program.send(SIGTERM);
    ASSERT_TRUE(program.says("STOPPING=1"));
    ASSERT_EQ(program.wait_for_end(), 0);
    // Comes while nobody listens: it waits in the kernel's backlog.
    auto connection = net::TcpSocket::start_connect(address).value();
    Octets framed;
    const auto packet = packet_of({.name = "www.xau.example"});
    dns::append_u16(framed, static_cast<std::uint16_t>(packet.size()));
    framed.insert(framed.end(), packet.begin(), packet.end());
    ASSERT_EQ(connection.write_some(framed).size, framed.size());

    program.start();
    ASSERT_TRUE(program.says("READY=1"));
    ASSERT_TRUE(wait_readable(connection.fd(), patience_ms));
    std::array<std::uint8_t, 1'500> answer{};
    const auto got = connection.read_some(answer);
    ASSERT_GT(got.size, 14U);
    EXPECT_EQ(dns::load_u16(Bytes{answer}, 4) & 0x0F, dns::rcode_nxdomain);
  }
  program.send(SIGHUP);
  EXPECT_TRUE(program.says("RELOADING=1"));
  EXPECT_TRUE(program.says("READY=1"));
  const auto lost = stream.unanswered();
  EXPECT_TRUE(lost.empty()) << lost.size() << " unanswered, the first: " << lost.front();
  EXPECT_EQ(stream.wrong(), 0U);
  EXPECT_GT(stream.asked(), 100U);
  std::cout << stream.asked() << " questions over " << restarts << " restarts, the slowest answer "
            << stream.slowest_ms() << " ms\n";
  program.send(SIGTERM);
  EXPECT_EQ(program.wait_for_end(), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace khien
