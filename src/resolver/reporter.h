// Tells khiend how often rules were applied and which names are new (docs/formats/
// resolver-report.md): sums over everybody, with nothing in them by which a person or a network
// could be told apart. One thread: it collects what workers counted each minute, makes a report
// each interval, and repeats it, as it is, until khiend has answered. Meanwhile sums go on in
// memory, bounded; a stop forgets what was not told.
//
//   workers ─ RuleTally ─► RuleSums ─ each interval ─► Pending ─ POST ─► 204, 200: told
//                                                        ▲  └─ 401, 429, 5xx, nothing: again, 10 s
//                                                        └─────── to 10 min; 400, 413: dropped
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/random.h"
#include "codec/json.h"
#include "resolver/new_name.h"
#include "resolver/report_post.h"
#include "resolver/rule_sums.h"
#include "resolver/rule_tally.h"

namespace khien::resolver {

constexpr std::int64_t report_interval_min_ms = ms_per_minute;
constexpr std::int64_t report_interval_max_ms = ms_per_hour;
constexpr std::int64_t report_collect_ms = ms_per_minute;  // how often workers are asked
constexpr std::int64_t report_collect_look_ms = 50;        // until they have answered,
constexpr std::int64_t report_collect_wait_ms = 2'000;     // or not for so long: next time
constexpr std::int64_t report_retry_first_ms = 10'000;     // doubles
constexpr std::int64_t report_retry_max_ms = 10 * ms_per_minute;
constexpr std::int64_t report_span_max_ms = 26 * ms_per_hour;  // between `from` and `to`
constexpr std::size_t report_names_size_max = 400 * 1024;      // octets of their JSON
constexpr std::size_t report_key_size_min = 16;
constexpr std::size_t report_key_size_max = 512;

/// The key out of its file: one line, a bearer token (RFC 6750 section 2.1). malformed, without a
/// part of the key in the message.
[[nodiscard]] Result<std::string> read_report_key(const std::filesystem::path& path);

struct ReportOptions {
  ReportUrl url = {};
  std::filesystem::path key_file = {};
  std::filesystem::path authorities = {};  ///< PEM; empty: the system's
  std::int64_t interval_ms = 5 * ms_per_minute;
};

class Reporter {
 public:
  /// Sends a body with a key: the status, or why there is none.
  using Send = std::function<Result<int>(std::string_view body, std::string_view key)>;

  /// Reads the key. Everything is borrowed; `send` is for tests: without it, reports go to the URL.
  [[nodiscard]] static Result<std::unique_ptr<Reporter>> open(ReportOptions options,
                                                              const Clock& clock, Rng& rng,
                                                              Metrics& metrics, Send send = {});

  /// Whose rules are told, and which names. Before run().
  void add_worker(RuleTally& rules) { workers_.push_back(&rules); }
  void set_new_names(NewNameSource names) { new_names_ = std::move(names); }

  void run(const std::stop_token& stop);
  /// Does what is due, and says how long nothing is. run() calls it; so do tests, on one thread.
  std::int64_t step();

  /// Any thread: reads the key again; what waits is then sent at once. True: it is another one.
  Result<bool> reload();
  /// Any thread: why reports do not arrive; empty if they do.
  [[nodiscard]] std::string problem();

 private:
  Reporter(ReportOptions options, const Clock& clock, Rng& rng, Metrics& metrics);
  /// What was sent, or will be: it stays as it is until khiend has answered, so that what arrives
  /// twice counts once.
  struct Pending {
    std::string body;
    std::vector<NewName> names;
    std::int64_t due_ms = 0;
    int failures = 0;
  };
  void collect(std::int64_t now_ms);
  [[nodiscard]] codec::Json take_new_names(std::vector<NewName>& told);
  [[nodiscard]] Pending make_report(std::int64_t now_ms);
  void send(std::int64_t now_ms);
  void failed(std::int64_t now_ms, const std::string& why);
  void drop(int status);
  void wait(std::int64_t ms);

  ReportOptions options_;
  const Clock& clock_;
  Rng& rng_;
  FileDescriptor stop_event_;
  FileDescriptor key_event_;
  Send send_;
  NewNameSource new_names_;
  std::vector<RuleTally*> workers_;
  Guarded<std::string> key_;
  Guarded<std::string> problem_;

  // The thread's own.
  RuleSums sums_;
  std::uint64_t names_seen_dropped_ = 0;  // of the source's total, told already
  std::vector<RuleTally*> asked_;         // workers that have not answered yet
  std::optional<Pending> pending_;
  std::optional<std::int64_t> collecting_since_ms_;
  std::int64_t next_collect_ms_;
  std::int64_t next_report_ms_;
  InstantMs told_until_ms_;

  Metric& told_;
  Metric& failures_;
  Metric& dropped_;
  Metric& refused_;
  Metric& rules_told_;
  Metric& left_out_;
  Metric& waiting_;
  Metric& told_at_;
};

}  // namespace khien::resolver
