#include "store/testing/postgresql_server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>
#include <vector>

#include "store/postgresql_handles.h"
#include "store/testing/engine_fixture.h"

namespace khien::store::testing {
namespace {

constexpr const char* programs = "/usr/lib/postgresql/15/bin";
constexpr int start_attempts_max = 600;  // of 50 ms
constexpr auto start_pause = std::chrono::milliseconds{50};

// PostgreSQL refuses to run as root, so root hands over to the user of Debian's package.
const passwd* unprivileged_user() {
  static const passwd* const user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
  return user;
}

// Runs in the child: becomes the other user, dies with the test, and is replaced by the program.
[[noreturn]] void become(std::vector<std::string>& arguments, const std::filesystem::path& log) {
  if (const passwd* user = unprivileged_user(); user != nullptr) {
    if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
        ::setuid(user->pw_uid) != 0) {
      ::_exit(126);
    }
  }
  // SIGINT is PostgreSQL's fast shutdown. Set after setuid(), which clears it.
  ::prctl(PR_SET_PDEATHSIG, SIGINT);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  if (::chdir("/") != 0) ::_exit(126);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

pid_t launch(std::vector<std::string> arguments, const std::filesystem::path& log) {
  const pid_t child = ::fork();
  if (child == 0) become(arguments, log);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<std::unique_ptr<PostgresqlServer>> PostgresqlServer::start(
    const std::filesystem::path& folder, ServerSync sync) {
  std::error_code error;
  const std::filesystem::path bin{programs};
  if (!std::filesystem::exists(bin / "postgres", error)) {
    return fail(ErrorCode::not_found, "PostgreSQL 15 is not installed (postgresql-15)");
  }
  if (::geteuid() == 0) {
    const passwd* user = unprivileged_user();
    if (user == nullptr) return fail(ErrorCode::not_found, "there is no user postgres");
    if (::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return fail(ErrorCode::unavailable, "hand the folder over to user postgres");
    }
  }
  const auto data = folder / "data";
  const auto log = folder / "log";
  const int made = wait_for(launch({bin / "initdb", "-D", data, "-U", "khien", "-A", "trust",
                                    "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"},
                                   log));
  if (made != 0) return fail(ErrorCode::unavailable, "initdb failed; see " + log.string());

  const auto setting = sync == ServerSync::on ? "on" : "off";
  const pid_t process =
      launch({bin / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c",
              fmt::format("fsync={}", setting), "-c", fmt::format("full_page_writes={}", setting),
              "-c", "max_connections=60", "-c", "shared_buffers=32MB"},
             log);
  if (process < 0) return fail(ErrorCode::unavailable, "start postgres");
  std::unique_ptr<PostgresqlServer> server{new PostgresqlServer{folder, process}};
  for (int attempt = 0; attempt < start_attempts_max; ++attempt) {
    if (PQping(server->url("postgres").c_str()) == PQPING_OK) return server;
    std::this_thread::sleep_for(start_pause);
  }
  return fail(ErrorCode::unavailable, "postgres did not come up; see " + log.string());
}

PostgresqlServer::~PostgresqlServer() {
  ::kill(process_, SIGINT);
  wait_for(process_);
}

std::string PostgresqlServer::url(std::string_view database) const {
  return fmt::format("postgresql://khien@/{}?host={}", database, folder_.string());
}

Result<void> PostgresqlServer::administer(const std::string& sql) const {
  auto connection = connect_postgresql(url("postgres"), 5);
  if (!connection) return tl::unexpected<Error>{std::move(connection).error()};
  const ResultHandle result{PQexec(connection->get(), sql.c_str())};
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    return fail(ErrorCode::internal, PQerrorMessage(connection->get()));
  }
  return {};
}

Result<void> PostgresqlServer::disconnect_all() const {
  return administer(
      "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
      "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'");
}

PostgresqlServer* shared_postgresql_server() {
  struct Shared {
    TemporaryFolder folder;
    std::unique_ptr<PostgresqlServer> server;
    Shared() {
      auto started = PostgresqlServer::start(folder.path());
      if (started) {
        server = std::move(*started);
      } else {
        std::fprintf(stderr, "no PostgreSQL for the tests: %s\n", started.error().message.c_str());
      }
    }
  };
  static Shared shared;
  return shared.server.get();
}

}  // namespace khien::store::testing
