// Subscriptions from the command line, and a look at lists before anybody subscribes to them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/file.h"
#include "commands.h"
#include "feeds/bulk_import.h"
#include "feeds/subscriptions.h"
#include "identity/account.h"
#include "identity/rights.h"

namespace khien::khienctl {
namespace {

using namespace std::chrono_literals;

constexpr auto follow_every = 500ms;
constexpr std::int64_t follow_max_ms = 15 * ms_per_minute;
constexpr int runs_shown = 20;

Result<identity::Actor> actor_by_login(store::Executor& db, const std::string& login,
                                       InstantMs now_ms) {
  auto accounts = identity::list_accounts(db, now_ms);
  if (!accounts) return tl::unexpected<Error>{std::move(accounts).error()};
  for (const auto& account : *accounts) {
    if (account.login != login) continue;
    identity::Actor actor{.account_id = account.id};
    for (const auto& held : account.roles) actor.roles.add(held.role);
    return actor;
  }
  return fail(ErrorCode::not_found, "there is no account " + login);
}

template <typename T>
Result<T> known(std::optional<T> value, const std::string& word, const char* what) {
  if (value) return *value;
  return fail(ErrorCode::invalid_argument, fmt::format("{} is no {}", word, what));
}

void print_reasons(const feeds::FeedCounts& counts) {
  for (const auto& [reason, count] : counts.refused_reasons) {
    fmt::print("    {:<20} {:>9}\n", reason, count);
  }
}

/// One line that is written over again and again, for a person only; `done` clears it.
void show_progress(const std::string& file, const feeds::FeedCounts& counts) {
  if (::isatty(STDERR_FILENO) == 0) return;
  fmt::print(stderr, "\r\x1B[K{}: {} names read, {} refused", file, counts.read, counts.refused);
  std::fflush(stderr);
}
void clear_progress() {
  if (::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\x1B[K");
}

void print_file(const feeds::BulkFile& report) {
  const auto category =
      report.category ? std::string{khien::to_string(*report.category)} : "refused class";
  fmt::print(
      "{:<62} {:<16} {:>8} read {:>8} new {:>8} duplicate {:>7} redundant {:>7} refused "
      "{:>6} ms\n",
      report.file, category, report.counts.read, report.counts.added, report.counts.duplicate,
      report.counts.redundant, report.counts.refused, report.elapsed_ms);
  std::fflush(stdout);  // progress: a line as each file is done
}

void print_run(const feeds::FeedRun& run) {
  const auto& counts = run.counts;
  fmt::print(
      "{:<9} {:>8} read {:>8} new {:>8} removed {:>8} duplicate {:>7} redundant {:>7} refused",
      feeds::to_string(run.state), counts.read, counts.added, counts.removed, counts.duplicate,
      counts.redundant, counts.refused);
  if (run.ended_at_ms) fmt::print(" {:>6} ms", *run.ended_at_ms - run.started_at_ms);
  fmt::print("\n");
  if (!run.problem_code.empty()) {
    fmt::print("    {}: {}\n", run.problem_reason, run.problem_message);
  }
  print_reasons(counts);
}

/// Waits for the next run after `seen` and shows how far it is; khiend does it.
Result<void> follow_run(store::Database& database, const feeds::FeedId& id, std::int64_t seen,
                        const Clock& clock) {
  const auto begun_ms = clock.steady_ms();
  while (clock.steady_ms() - begun_ms < follow_max_ms) {
    auto run = database.read([&](store::Executor& db) { return feeds::last_run(db, id); });
    if (!run) return tl::unexpected<Error>{std::move(run).error()};
    if (*run && (*run)->id > seen) {
      show_progress(id.value, (*run)->counts);
      if ((*run)->state != feeds::RunState::running) {
        clear_progress();
        print_run(**run);
        return {};
      }
    }
    std::this_thread::sleep_for(follow_every);
  }
  return fail(ErrorCode::timeout, "no run has ended; does khiend run? Look again with `feed runs`");
}

Result<void> write_sets(const feeds::BulkImport& import, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const auto& [category, set] : import.sets()) {
    std::string text;
    set.for_each([&text](std::string_view host, cases::Scope scope) {
      if (scope == cases::Scope::domain) text.append("*.");
      text.append(host).push_back('\n');
    });
    auto written =
        write_file_atomically(folder / (std::string{khien::to_string(category)} + ".txt"),
                              as_bytes(text), FileAccess::everybody);
    if (!written) return written;
  }
  return {};
}

}  // namespace

Result<void> feed_add(const Place& place, const FeedAdd& add) {
  auto format = known(exchange::parse_list_format(add.format), add.format, "list format");
  if (!format) return tl::unexpected<Error>{std::move(format).error()};
  auto category = known(parse_category(add.category), add.category, "category");
  if (!category) return tl::unexpected<Error>{std::move(category).error()};
  auto scope = known(cases::parse_name_scope(add.scope), add.scope, "scope");
  if (!scope) return tl::unexpected<Error>{std::move(scope).error()};
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  SystemRng rng;
  const feeds::Context context{clock, rng};
  auto feed = (*database)->transact([&](store::Transaction& tx) -> Result<feeds::Feed> {
    auto actor = actor_by_login(tx, add.by, clock.now_ms());
    if (!actor) return tl::unexpected<Error>{std::move(actor).error()};
    const auto verdict = identity::may(*actor, identity::Action::feed_propose);
    if (!verdict) return identity::fail(verdict);
    return feeds::propose_feed(tx, context,
                               {.name = add.name,
                                .source = add.source,
                                .format = *format,
                                .category = *category,
                                .scope = *scope,
                                .csv_column = add.csv_column,
                                .licence = add.licence,
                                .entries_max = add.entries_max,
                                .valid_until_ms = clock.now_ms() + add.days * ms_per_day,
                                .reason = add.reason},
                               actor->account_id.value);
  });
  if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
  fmt::print("Feed {} is proposed. It does nothing until another person approves it.\n",
             feed->id.value);
  return {};
}

Result<void> feed_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto all = (*database)->read([](store::Executor& db) { return feeds::list_feeds(db); });
  if (!all) return tl::unexpected<Error>{std::move(all).error()};
  for (const auto& feed : *all) {
    fmt::print("{}  {:<9} {:<16} {:>8} names  {}  {}\n", feed.id.value,
               feeds::to_string(feed.state), khien::to_string(feed.draft.category), feed.entries,
               feed.draft.name, feed.draft.source);
  }
  return {};
}

Result<void> feed_run(const Place& place, const FeedRunNow& wanted) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  SystemRng rng;
  const feeds::Context context{clock, rng};
  const feeds::FeedId id{wanted.feed};
  std::int64_t seen = 0;
  auto asked = (*database)->transact([&](store::Transaction& tx) -> Result<feeds::Feed> {
    auto actor = actor_by_login(tx, wanted.by, clock.now_ms());
    if (!actor) return tl::unexpected<Error>{std::move(actor).error()};
    const auto verdict = identity::may(*actor, identity::Action::feed_run);
    if (!verdict) return identity::fail(verdict);
    auto feed = feeds::find_feed(tx, id);
    if (!feed) return feed;
    auto last = feeds::last_run(tx, id);
    if (!last) return tl::unexpected<Error>{std::move(last).error()};
    seen = *last ? (*last)->id : 0;
    return feeds::request_run(
        tx, context, {.id = id, .version = feed->version, .actor = actor->account_id.value});
  });
  if (!asked) return tl::unexpected<Error>{std::move(asked).error()};
  fmt::print("khiend will run it within half a minute.\n");
  std::fflush(stdout);
  return follow_run(**database, id, seen, clock);
}

Result<void> feed_runs(const Place& place, const std::string& feed) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto runs = (*database)->read([&](store::Executor& db) {
    return feeds::list_runs(db, feeds::FeedId{feed}, 0, runs_shown);
  });
  if (!runs) return tl::unexpected<Error>{std::move(runs).error()};
  for (const auto& run : *runs) print_run(run);
  return {};
}

Result<void> feed_try(const Place& place, const FeedTry& wanted) {
  auto format = known(exchange::parse_list_format(wanted.format), wanted.format, "list format");
  if (!format) return tl::unexpected<Error>{std::move(format).error()};
  auto scope = known(cases::parse_name_scope(wanted.scope), wanted.scope, "scope");
  if (!scope) return tl::unexpected<Error>{std::move(scope).error()};
  const std::vector<std::filesystem::path> folders{wanted.data, place.state / "lists"};
  auto impact = cases::ImpactData::load(folders, {});
  if (!impact) return tl::unexpected<Error>{std::move(impact).error()};
  const SystemClock clock;
  const auto started_ms = clock.steady_ms();
  feeds::BulkImport import{*impact,
                           clock,
                           {.format = *format, .scope = *scope},
                           [](const auto& file, const auto& counts) {
                             show_progress(file.filename().string(), counts);
                           }};
  for (const auto& file : wanted.files) {
    const auto list_class =
        wanted.list_class.empty() ? feeds::class_of_file(file) : wanted.list_class;
    auto report = import.add(file, list_class);
    clear_progress();
    if (!report) return tl::unexpected<Error>{std::move(report).error()};
    print_file(*report);
  }
  const auto totals = import.totals();
  fmt::print(
      "\n{} files, {} entries read in {} ms: {} new, {} duplicate, {} redundant, {} refused\n",
      wanted.files.size(), totals.counts.read, clock.steady_ms() - started_ms, totals.counts.added,
      totals.counts.duplicate, totals.counts.redundant, totals.counts.refused);
  print_reasons(totals.counts);
  for (const auto& [category, set] : import.sets()) {
    fmt::print("  {:<18} {:>9} names\n", khien::to_string(category), set.size());
  }
  if (wanted.out.empty()) return {};
  return write_sets(import, wanted.out);
}

}  // namespace khien::khienctl
