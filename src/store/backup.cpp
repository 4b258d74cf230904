// Database::backup_to() and restore(): SQLite's online backup, PostgreSQL's pg_dump and pg_restore
// run as programs of their own (from PATH), with the connection in their environment, because an
// argument list is readable by every user of the machine.
#include <fcntl.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "store/database.h"
#include "store/pool.h"
#include "store/postgresql_connection.h"
#include "store/sqlite_connection.h"

namespace khien::store {
namespace {

constexpr std::string_view sqlite_magic{"SQLite format 3\0", 16};
constexpr std::string_view archive_magic = "PGDMP";

// The environment of this process with the connection of `url` laid over it.
Result<std::vector<std::string>> environment_for(const std::string& url) {
  std::vector<std::string> variables;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (!variable.starts_with("PG")) variables.emplace_back(variable);
  }
  char* message = nullptr;
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &message);
  if (options == nullptr) {
    PQfreemem(message);
    return fail(ErrorCode::invalid_argument, "the PostgreSQL URL is malformed", "bad_url");
  }
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr && option->envvar != nullptr) {
      variables.push_back(fmt::format("{}={}", option->envvar, option->val));
    }
  }
  PQconninfoFree(options);
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

// Runs a program to its end; unavailable if it is not installed or fails.
Result<void> run_program(std::vector<std::string> arguments, std::vector<std::string> variables) {
  auto argv = pointers(arguments);
  auto env = pointers(variables);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), env.data());
  if (error != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("run {}: {}", arguments[0],
                            std::error_code{error, std::generic_category()}.message()),
                "program_missing");
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} failed; see its words above", arguments[0]));
  }
  return {};
}

// A backup is only in its place once it is whole and on disk.
Result<void> move_into_place(const std::filesystem::path& from, const std::filesystem::path& to) {
  const FileDescriptor file{::open(from.c_str(), O_RDWR | O_CLOEXEC)};
  std::error_code error;
  if (!file.valid() || ::fchmod(file.get(), 0600) != 0 || ::fsync(file.get()) != 0) {
    return fail(ErrorCode::unavailable, "sync " + from.string());
  }
  std::filesystem::rename(from, to, error);
  if (error) return fail(ErrorCode::unavailable, "rename to " + to.string());
  const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path{"."};
  return sync_folder(folder);
}

Result<std::string> first_octets(const std::filesystem::path& file, std::size_t size) {
  const FileDescriptor opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!opened.valid()) return fail(ErrorCode::not_found, "no backup " + file.string());
  std::string head(size, '\0');
  const auto got = ::read(opened.get(), head.data(), head.size());
  if (got < 0) return fail(ErrorCode::unavailable, "read " + file.string());
  head.resize(static_cast<std::size_t>(got));
  return head;
}

Result<void> restore_sqlite(const std::string& path, const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > 0) {
    return fail(ErrorCode::conflict, path + " exists and is not empty", "not_empty");
  }
  const auto unfinished = path + ".restoring";
  std::filesystem::remove(unfinished, error);
  auto done = copy_sqlite(file.string(), unfinished);
  if (done) {
    auto copy = open_sqlite(unfinished, {});
    if (!copy) return tl::unexpected<Error>{std::move(copy).error()};
    auto answer = (*copy)->run("PRAGMA integrity_check(1)", {});
    if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
    if (answer->rows.size() != 1 || answer->rows.front().text(0) != "ok") {
      done = fail(ErrorCode::corrupt, file.string() + " is a damaged database");
    }
  }
  for (const auto* suffix : {"-wal", "-shm"}) std::filesystem::remove(unfinished + suffix, error);
  if (done) return move_into_place(unfinished, path);
  std::filesystem::remove(unfinished, error);
  return propagate(std::move(done).error(), "restore");
}

Result<void> restore_postgresql(const std::string& url, const std::filesystem::path& file) {
  {
    auto connection = open_postgresql(url, {});
    if (!connection) return tl::unexpected<Error>{std::move(connection).error()};
    auto tables = (*connection)
                      ->run(
                          "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN "
                          "('pg_catalog', 'information_schema')",
                          {});
    if (!tables) return tl::unexpected<Error>{std::move(tables).error()};
    if (tables->rows.front().integer(0) != 0) {
      return fail(ErrorCode::conflict, "the database has tables", "not_empty");
    }
  }
  auto variables = environment_for(url);
  if (!variables) return tl::unexpected<Error>{std::move(variables).error()};
  // pg_restore does not take the database's name from the environment.
  std::string name;
  for (const auto& variable : *variables) {
    if (variable.starts_with("PGDATABASE=")) name = variable.substr(11);
  }
  return run_program({"pg_restore", "--exit-on-error", "--single-transaction", "--no-owner",
                      "--no-privileges", "--dbname=" + name, file.string()},
                     std::move(*variables));
}

}  // namespace

Result<void> Database::backup_to(const std::filesystem::path& file) {
  auto unfinished = file;
  unfinished += ".unfinished";
  std::error_code error;
  std::filesystem::remove(unfinished, error);
  Result<void> done;
  if (engine_ == Engine::sqlite) {
    done = copy_sqlite(url_, unfinished.string());
  } else {
    auto variables = environment_for(url_);
    if (!variables) return tl::unexpected<Error>{std::move(variables).error()};
    // Made by us first, so that the content is never readable by others.
    const FileDescriptor made{
        ::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (!made.valid()) return fail(ErrorCode::unavailable, "make " + unfinished.string());
    done = run_program({"pg_dump", "--format=custom", "--no-owner", "--no-privileges",
                        "--file=" + unfinished.string()},
                       std::move(*variables));
  }
  if (done) done = move_into_place(unfinished, file);
  if (!done) {
    std::filesystem::remove(unfinished, error);
    return propagate(std::move(done).error(), "back up");
  }
  return {};
}

Result<void> Database::restore(std::string_view url, const std::filesystem::path& file) {
  const bool postgresql = is_postgresql_url(url);
  if (!postgresql && !url.starts_with("sqlite:")) {
    return fail(ErrorCode::invalid_argument, "a database is sqlite:PATH or postgresql://…",
                "bad_url");
  }
  const auto magic = postgresql ? archive_magic : sqlite_magic;
  auto head = first_octets(file, magic.size());
  if (!head) return tl::unexpected<Error>{std::move(head).error()};
  if (*head != magic) {
    return fail(ErrorCode::malformed,
                file.string() + " is not a backup of " + (postgresql ? "PostgreSQL" : "SQLite"),
                "not_a_backup");
  }
  return postgresql ? restore_postgresql(std::string{url}, file)
                    : restore_sqlite(std::string{url.substr(7)}, file);
}

}  // namespace khien::store
