#include "nft.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace khien::khienctl {
namespace {

constexpr const char* program = "/usr/sbin/nft";

tl::unexpected<Error> failed(std::string_view doing) {
  return fail(ErrorCode::unavailable, std::string{doing} + ": " + std::strerror(errno));
}

/// A file in memory that ends with the process.
Result<FileDescriptor> memory_file(const char* name) {
  FileDescriptor file{::memfd_create(name, MFD_CLOEXEC)};
  if (!file.valid()) return failed("make a file in memory");
  return file;
}

class SpawnActions {
 public:
  SpawnActions() noexcept { ::posix_spawn_file_actions_init(&actions_); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  void use(const FileDescriptor& file, int as) noexcept {
    ::posix_spawn_file_actions_adddup2(&actions_, file.get(), as);
  }
  [[nodiscard]] const posix_spawn_file_actions_t* get() const noexcept { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_{};
};

std::string words_in(const FileDescriptor& file) {
  std::string words(nft_words_max, '\0');
  const ssize_t got = ::pread(file.get(), words.data(), words.size(), 0);
  words.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  for (char& c : words) {
    if (c == '\n') c = ' ';
  }
  return words;
}

}  // namespace

Result<void> run_nft(const std::string& script) {
  auto input = memory_file("khien-nft");
  auto words = memory_file("khien-nft-words");
  if (!input) return tl::unexpected<Error>{std::move(input).error()};
  if (!words) return tl::unexpected<Error>{std::move(words).error()};
  if (auto written = write_all(input->get(), as_bytes(script)); !written) return written;
  if (::lseek(input->get(), 0, SEEK_SET) != 0) return failed("read a file in memory");
  SpawnActions actions;
  actions.use(*input, STDIN_FILENO);
  actions.use(*words, STDOUT_FILENO);
  actions.use(*words, STDERR_FILENO);
  std::array<char*, 4> arguments{const_cast<char*>("nft"), const_cast<char*>("-f"),
                                 const_cast<char*>("-"), nullptr};
  std::array<char*, 2> environment{const_cast<char*>("LC_ALL=C"), nullptr};
  pid_t child = 0;
  const int error =
      ::posix_spawn(&child, program, actions.get(), nullptr, arguments.data(), environment.data());
  if (error == ENOENT) {
    return fail(ErrorCode::not_found,
                std::string{program} + " is not there: install the package nftables");
  }
  if (error != 0) {
    errno = error;
    return failed("start nft");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return failed("wait for nft");
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(ErrorCode::unavailable, "nft refused the whole of it: " + words_in(*words));
}

}  // namespace khien::khienctl
