// What the control plane's database gives on this machine: one-row transactions and leaves, each
// commit synced, on SQLite and on a PostgreSQL 15 of its own with fsync on. Prints lines "figure
// value unit". Takes about 20 s.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ledger/leaf.h"
#include "ledger/schema.h"
#include "ledger/sequencer.h"
#include "ledger/verify.h"
#include "store/database.h"
#include "store/testing/engine_fixture.h"
#include "store/testing/postgresql_server.h"

namespace khien {
namespace {

using Seconds = std::chrono::duration<double>;
using Steady = std::chrono::steady_clock;

constexpr int transactions = 2'000;
constexpr int writers = 4;
constexpr int leaves = 20'000;
constexpr int leaves_a_transaction = 100;

constexpr std::array tables{store::Migration{
    .number = 1,
    .name = "rows",
    .sql = "CREATE TABLE bench_row (id {serial_key}, text TEXT NOT NULL) {strict};"}};

void print(std::string_view figure, double value, std::string_view unit) {
  fmt::print("{} {:.1f} {}\n", figure, value, unit);
  std::fflush(stdout);
}

template <typename T>
T require(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "bench_store: {}\n", result.error().message);
  std::exit(1);
}
void require(const Result<void>& result) {
  if (result) return;
  fmt::print(stderr, "bench_store: {}\n", result.error().message);
  std::exit(1);
}

double seconds(const std::function<void()>& work) {
  const auto begin = Steady::now();
  work();
  return Seconds{Steady::now() - begin}.count();
}

void one_row(store::Database& database) {
  (void)require(database.transact([](store::Transaction& tx) {
    return tx.execute("INSERT INTO bench_row (text) VALUES ($1)", {"what a small row holds"});
  }));
}

void measure_transactions(store::Database& database, const std::string& engine) {
  const auto alone = seconds([&] {
    for (int i = 0; i < transactions; ++i) one_row(database);
  });
  print(engine + "_transactions_1_writer", transactions / alone, "1/s");
  const auto together = seconds([&] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < writers; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < transactions / writers; ++i) one_row(database);
      });
    }
  });
  print(fmt::format("{}_transactions_{}_writers", engine, writers), transactions / together, "1/s");
}

void measure_leaves(store::Database& database, const std::string& engine,
                    const std::filesystem::path& folder) {
  const SystemClock clock;
  SystemRng rng;
  const ledger::LeafDraft draft{
      .type = "order.approved",
      .fields = {{"order", new_id_text(clock.now_ms(), rng)}, {"category", "phishing"}}};
  std::vector<double> times;
  for (int i = 0; i < transactions; ++i) {
    times.push_back(1e3 * seconds([&] {
                      (void)require(database.transact([&](store::Transaction& tx) {
                        return ledger::append(tx, clock, rng, draft);
                      }));
                    }));
  }
  std::sort(times.begin(), times.end());
  print(engine + "_append_p50", times[times.size() / 2], "ms");
  print(engine + "_append_p99", times[times.size() * 99 / 100], "ms");

  for (int i = transactions; i < leaves; i += leaves_a_transaction) {
    (void)require(database.transact([&](store::Transaction& tx) -> Result<int> {
      for (int n = 0; n < leaves_a_transaction; ++n) {
        auto leaf = ledger::append(tx, clock, rng, draft);
        if (!leaf) return propagate(std::move(leaf).error(), "append");
      }
      return 1;
    }));
  }
  const auto key =
      require(ledger::LogKey::make("bench.example/ledger", crypto::Ed25519Key::generate(rng)));
  ledger::Sequencer sequencer{database, clock, key, {.folder = folder / engine, .holder = "bench"}};
  const auto integrating = seconds([&] {
    while (require(sequencer.round()).sequenced > 0) {
    }
  });
  print(engine + "_leaves_integrated", leaves / integrating, "1/s");
  const auto verifying = seconds(
      [&] { (void)require(ledger::verify_against(database, folder / engine, key.verifier())); });
  print(engine + "_leaves_verified", leaves / verifying, "1/s");
}

void measure(const std::string& url, const std::string& engine,
             const std::filesystem::path& folder) {
  auto database = require(store::Database::open(url));
  const std::array modules{
      store::ModuleMigrations{.module = "ledger", .migrations = ledger::migrations()},
      store::ModuleMigrations{.module = "bench", .migrations = tables}};
  require(database->migrate(modules));
  measure_transactions(*database, engine);
  measure_leaves(*database, engine, folder);
}

}  // namespace
}  // namespace khien

int main() {
  using namespace khien;
  set_log_level(LogLevel::warning);
  const store::testing::TemporaryFolder folder;
  measure("sqlite:" + (folder.path() / "bench.db").string(), "sqlite", folder.path());

  const store::testing::TemporaryFolder cluster;
  auto server =
      store::testing::PostgresqlServer::start(cluster.path(), store::testing::ServerSync::on);
  if (!server) {
    fmt::print(stderr, "bench_store: no PostgreSQL: {}\n", server.error().message);
    return 0;
  }
  require((*server)->administer("CREATE DATABASE bench"));
  measure((*server)->url("bench"), "postgresql", folder.path());
  return 0;
}
