#include "store/testing/engine_fixture.h"

#include <fmt/format.h>
#include <unistd.h>

#include <map>
#include <stdexcept>
#include <system_error>

#include "store/testing/postgresql_server.h"

namespace khien::store::testing {
namespace {

std::string fingerprint(std::span<const ModuleMigrations> modules) {
  std::string all;
  for (const auto& module : modules) {
    all += module.module;
    for (const auto& migration : module.migrations) all += migration_checksum(migration);
  }
  const Migration whole{.number = 1, .name = "all", .sql = all};
  return migration_checksum(whole);
}

void migrate_new(const std::string& url, std::span<const ModuleMigrations> modules) {
  auto database = Database::open(url);
  if (!database) throw std::runtime_error{database.error().message};
  if (auto done = (*database)->migrate(modules); !done) {
    throw std::runtime_error{done.error().message};
  }
}

void administer(const std::string& sql) {
  if (auto done = shared_postgresql_server()->administer(sql); !done) {
    throw std::runtime_error{done.error().message};
  }
}

// The migrated file that this program's SQLite tests copy. Closing it has folded the WAL in.
const std::filesystem::path& sqlite_template(std::span<const ModuleMigrations> modules) {
  static TemporaryFolder folder;
  static std::map<std::string, std::filesystem::path> made;
  const auto key = fingerprint(modules);
  if (const auto found = made.find(key); found != made.end()) return found->second;
  const auto path = folder.path() / (key + ".db");
  migrate_new("sqlite:" + path.string(), modules);
  return made.emplace(key, path).first->second;
}

// The migrated database that this program's PostgreSQL tests copy.
const std::string& postgresql_template(std::span<const ModuleMigrations> modules) {
  static std::map<std::string, std::string> made;
  const auto key = fingerprint(modules);
  if (const auto found = made.find(key); found != made.end()) return found->second;
  const auto name = "template_" + key;
  administer("CREATE DATABASE " + name);
  migrate_new(shared_postgresql_server()->url(name), modules);
  return made.emplace(key, name).first->second;
}

std::string new_name() {
  static int count = 0;
  return fmt::format("test_{}", ++count);
}

}  // namespace

void EngineTest::SetUp() {
  const auto all = modules();
  if (GetParam() == Engine::sqlite) {
    const auto file = folder() / "test.db";
    std::filesystem::copy_file(sqlite_template(all), file);
    url_ = "sqlite:" + file.string();
  } else {
    PostgresqlServer* server = shared_postgresql_server();
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL 15 is not installed or did not start";
    const auto& origin = postgresql_template(all);
    made_.push_back(new_name());
    administer(fmt::format("CREATE DATABASE {} TEMPLATE {}", made_.back(), origin));
    url_ = server->url(made_.back());
  }
  reopen();
}

void EngineTest::TearDown() {
  database_.reset();
  for (const auto& name : made_) administer(fmt::format("DROP DATABASE {} WITH (FORCE)", name));
}

std::string EngineTest::empty_database() {
  const auto name = new_name();
  if (GetParam() == Engine::sqlite) return "sqlite:" + (folder() / (name + ".db")).string();
  administer("CREATE DATABASE " + name);
  made_.push_back(name);
  return shared_postgresql_server()->url(name);
}

void EngineTest::reopen() {
  database_.reset();
  auto opened = Database::open(url_, options());
  if (!opened) throw std::runtime_error{opened.error().message};
  database_ = std::move(*opened);
}

void EngineTest::restore_from(const std::filesystem::path& backup) {
  url_ = empty_database();
  auto restored = Database::restore(url_, backup);
  if (!restored) throw std::runtime_error{restored.error().message};
  reopen();
}

std::string engine_name(const ::testing::TestParamInfo<Engine>& info) {
  return std::string{to_string(info.param)};
}

}  // namespace khien::store::testing
