// For tests: a real SMTP server (aiosmtpd, Debian package python3-aiosmtpd) on loopback, whose
// mailbox is a folder. Ended with the object.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "base/testing/temporary_folder.h"
#include "notice/mail.h"

namespace khien::notice::testing {

/// A port of 127.0.0.1 that was free a moment ago.
inline std::uint16_t free_port() {
  const FileDescriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ::bind(socket.get(), generic, size);
  ::getsockname(socket.get(), generic, &size);
  return ntohs(address.sin_port);
}

class SmtpServer {
 public:
  [[nodiscard]] static bool is_installed() {
    return std::system("/usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null") == 0;
  }
  SmtpServer() {
    const auto listen = "127.0.0.1:" + std::to_string(port_);
    const auto box = (folder_.path() / "box").string();
    process_ = ::fork();
    if (process_ == 0) {
      ::execl("/usr/bin/python3", "python3", "-m", "aiosmtpd", "-n", "-l", listen.c_str(), "-c",
              "aiosmtpd.handlers.Mailbox", box.c_str(), nullptr);
      ::_exit(127);
    }
  }
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;
  ~SmtpServer() {
    if (process_ <= 0) return;
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }

  [[nodiscard]] MailServer address() const {
    return parse_mail_server("smtp://127.0.0.1:" + std::to_string(port_), "khien@tinh.example")
        .value();
  }
  /// Sends to `server` until one has come up, for at most ten seconds.
  [[nodiscard]] static Result<void> send(const MailServer& server, const Mail& mail,
                                         const Clock& clock, Rng& rng) {
    for (int i = 0; i < 100; ++i) {
      auto sent = send_mail(server, mail, clock, rng);
      if (sent || sent.error().code == ErrorCode::denied) return sent;
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    return fail(ErrorCode::timeout, "the mail server did not come up");
  }
  /// Every message that it took, as received.
  [[nodiscard]] std::vector<std::string> messages() const {
    std::vector<std::string> all;
    const auto folder = folder_.path() / "box" / "new";
    if (!std::filesystem::exists(folder)) return all;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
      all.push_back(to_text(read_file(entry.path(), 100'000).value()));
    }
    return all;
  }

 private:
  std::uint16_t port_ = free_port();
  pid_t process_ = -1;
  TemporaryFolder folder_;
};

}  // namespace khien::notice::testing
