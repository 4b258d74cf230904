#include "publish/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "base/random.h"

namespace khien::publish {
namespace {

constexpr int backlog = 8;
constexpr int accept_pause_ms = 100;

tl::unexpected<Error> system_error(std::string_view doing) {
  return fail(ErrorCode::unavailable, std::string{doing} + ": " + std::strerror(errno));
}

/// The address of `path`'s socket by way of its folder, because sun_path holds 107 octets and a
/// state folder may lie deeper.
struct SocketAddress {
  FileDescriptor folder;
  sockaddr_un address{};
};
Result<SocketAddress> address_of(const std::filesystem::path& path) {
  SocketAddress result;
  result.folder =
      FileDescriptor{::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (!result.folder.valid()) return system_error("open " + path.parent_path().string());
  const std::string text =
      "/proc/self/fd/" + std::to_string(result.folder.get()) + "/" + path.filename().string();
  result.address.sun_family = AF_UNIX;
  if (text.size() >= sizeof result.address.sun_path) {
    return fail(ErrorCode::invalid_argument, "the socket's name is too long");
  }
  std::memcpy(result.address.sun_path, text.c_str(), text.size() + 1);
  return result;
}

FileDescriptor make_socket() {
  return FileDescriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
}

void set_wait(int fd, std::int64_t wait_ms) {
  const timeval wait{.tv_sec = wait_ms / ms_per_second,
                     .tv_usec = (wait_ms % ms_per_second) * 1'000};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

/// Everything up to and with the first line feed. timeout; malformed for a peer that ends before.
Result<std::string> receive_line(int fd, std::size_t size_max) {
  std::string line;
  char block[4'096];
  while (!line.ends_with('\n')) {
    const ssize_t got = ::recv(fd, block, sizeof block, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return fail(ErrorCode::timeout, "no answer in time: look with `khienctl publish status`");
    }
    if (got < 0) return system_error("receive");
    if (got == 0) return fail(ErrorCode::malformed, "the peer ended in the middle of a line");
    if (static_cast<std::size_t>(got) > size_max - line.size()) {
      return fail(ErrorCode::limit_exceeded, "the line is too long");
    }
    line.append(block, static_cast<std::size_t>(got));
  }
  return line;
}

Result<void> send_line(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t sent = ::send(fd, line.data(), line.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return system_error("send");
    line.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

/// The peer's user, if it may ask anything here.
std::optional<uid_t> welcome_user(int peer) {
  ucred credentials{};
  socklen_t size = sizeof credentials;
  if (::getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return std::nullopt;
  if (credentials.uid != 0 && credentials.uid != ::geteuid()) return std::nullopt;
  return credentials.uid;
}

Result<codec::Json> ask_socket(int fd, const ControlRequest& request) {
  set_wait(fd, control_answer_wait_ms);
  if (auto sent = send_line(fd, write_request(request)); !sent) {
    return tl::unexpected<Error>{std::move(sent).error()};
  }
  const auto line = receive_line(fd, control_reply_size_max);
  if (!line) return propagate(line.error(), "ask the publisher");
  return parse_reply(*line);
}

/// No publisher runs: the folder is ours while we are at it.
Result<codec::Json> perform_here(const std::filesystem::path& folder, const ControlRequest& request,
                                 const Clock& clock) {
  std::error_code error;
  if (request.command != ControlCommand::status && request.command != ControlCommand::held &&
      std::filesystem::exists(pair_mark_path(folder), error)) {
    return fail(ErrorCode::conflict,
                "this publisher is one of two, and the other one would not know: do it there, or "
                "start khiend here. If neither can be started, remove " +
                    pair_mark_path(folder).string() + " first",
                "pair_stopped");
  }
  if (!std::filesystem::is_directory(folder, error)) {
    return fail(ErrorCode::not_found, folder.string() + " is no folder of zones: see --state",
                "no_zones");
  }
  SystemRng rng;
  auto gate = Gate::open({.folder = folder}, clock);
  if (!gate) return tl::unexpected<Error>{std::move(gate).error()};
  auto zones = ZoneSet::open({.folder = folder, .gate = gate->get()}, clock, rng);
  if (!zones && zones.error().reason == "in_use") {
    return fail(ErrorCode::unavailable,
                "a publisher has the zones open, but nobody answers at " +
                    control_socket_path(folder).string() + ": is it starting or ending?",
                "no_answer");
  }
  if (!zones) return tl::unexpected<Error>{std::move(zones).error()};
  PublicationControl control{**zones, **gate, clock};
  const Hand hand{.who = "uid " + std::to_string(::getuid())};
  return parse_reply(perform(control, request, hand).dump());
}

}  // namespace

std::filesystem::path pair_mark_path(const std::filesystem::path& folder) {
  return folder / "pair";
}

std::filesystem::path control_socket_path(const std::filesystem::path& folder) {
  return folder / "control.sock";
}

Result<std::unique_ptr<ControlServer>> ControlServer::start(const std::filesystem::path& folder,
                                                            PublicationControl& control) {
  const auto path = control_socket_path(folder);
  const auto address = address_of(path);
  if (!address) return tl::unexpected<Error>{address.error()};
  std::error_code error;
  std::filesystem::remove(path, error);
  auto listener = make_socket();
  if (!listener.valid()) return system_error("make the control socket");
  const auto* const name = reinterpret_cast<const sockaddr*>(&address->address);
  if (::bind(listener.get(), name, sizeof address->address) != 0) {
    return system_error("bind " + path.string());
  }
  // Nobody can connect before listen(), so nobody meets it with wider rights.
  if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return system_error("chmod " + path.string());
  if (::listen(listener.get(), backlog) != 0) return system_error("listen at " + path.string());
  FileDescriptor wake{::eventfd(0, EFD_CLOEXEC)};
  if (!wake.valid()) return system_error("make an eventfd");
  return std::unique_ptr<ControlServer>{
      new ControlServer{std::move(listener), std::move(wake), path, control}};
}

ControlServer::ControlServer(FileDescriptor listener, FileDescriptor wake,
                             std::filesystem::path path, PublicationControl& control)
    : listener_(std::move(listener)),
      wake_(std::move(wake)),
      path_(std::move(path)),
      control_(control),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

ControlServer::~ControlServer() {
  thread_.request_stop();
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_.get(), &one, sizeof one) == sizeof one);
  thread_.join();
  std::error_code error;
  std::filesystem::remove(path_, error);
}

void ControlServer::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd fds[2]{{.fd = listener_.get(), .events = POLLIN, .revents = 0},
                  {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
    if (::poll(fds, 2, -1) < 1 || (fds[0].revents & POLLIN) == 0) continue;
    const FileDescriptor peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!peer.valid()) {
      ::poll(&fds[1], 1, accept_pause_ms);  // no descriptor left: try again, not at once
      continue;
    }
    try {
      serve(peer.get());
    } catch (const std::exception& error) {
      write_log(LogLevel::error, "control_failed", {{"what", error.what()}});
    }
  }
}

void ControlServer::serve(int peer) {
  const auto user = welcome_user(peer);
  if (!user) {
    write_log(LogLevel::warning, "control_refused", {});
    return;
  }
  set_wait(peer, control_peer_wait_ms);
  const auto line = receive_line(peer, control_request_size_max);
  auto request =
      line ? parse_request(*line) : Result<ControlRequest>{tl::unexpected<Error>{line.error()}};
  const Hand hand{.who = "uid " + std::to_string(*user)};
  const std::string reply =
      request ? perform(control_, *request, hand).dump() : write_error(request.error());
  if (const auto sent = send_line(peer, reply + "\n"); !sent) {
    write_log(LogLevel::warning, "control_answer_lost", {{"error", sent.error().message}});
  }
}

Result<codec::Json> ask_publisher(const std::filesystem::path& folder,
                                  const ControlRequest& request, const Clock& clock) {
  const auto address = address_of(control_socket_path(folder));
  if (!address) {
    return fail(ErrorCode::not_found, folder.string() + " is no folder of zones: see --state",
                "no_zones");
  }
  const auto peer = make_socket();
  if (!peer.valid()) return system_error("make a socket");
  const auto* const name = reinterpret_cast<const sockaddr*>(&address->address);
  if (::connect(peer.get(), name, sizeof address->address) == 0) {
    return ask_socket(peer.get(), request);
  }
  if (errno == ENOENT || errno == ECONNREFUSED) return perform_here(folder, request, clock);
  return system_error("reach the publisher at " + control_socket_path(folder).string());
}

}  // namespace khien::publish
