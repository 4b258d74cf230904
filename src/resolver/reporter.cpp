#include "resolver/reporter.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/log.h"
#include "codec/hex.h"
#include "codec/rfc3339.h"

namespace khien::resolver {
namespace {

using codec::Json;

constexpr int status_ok = 200;
constexpr int status_no_content = 204;
constexpr int status_bad_request = 400;
constexpr int status_unauthorized = 401;
constexpr int status_too_large = 413;
constexpr std::size_t id_size = 16;

std::int64_t as_integer(std::uint64_t count) noexcept { return static_cast<std::int64_t>(count); }

void signal(const FileDescriptor& event) noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event.get(), &one, sizeof one);
}

void forget_signals(const FileDescriptor& event) noexcept {
  std::uint64_t count = 0;
  (void)!::read(event.get(), &count, sizeof count);
}

bool is_token(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~+/="}.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<std::string> read_report_key(const std::filesystem::path& path) {
  auto octets = read_file(path, report_key_size_max + 2);
  if (!octets) return propagate(std::move(octets).error(), "read the key for reports");
  std::string_view text = as_text(*octets);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() < report_key_size_min || text.size() > report_key_size_max || !is_token(text)) {
    return fail(ErrorCode::malformed,
                path.string() + ": expected the key that `khienctl resolver add` shows, alone");
  }
  return std::string{text};
}

Reporter::Reporter(ReportOptions options, const Clock& clock, Rng& rng, Metrics& metrics)
    : options_(std::move(options)),
      clock_(clock),
      rng_(rng),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      key_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      next_collect_ms_(clock.steady_ms() + std::min(report_collect_ms, options_.interval_ms)),
      next_report_ms_(clock.steady_ms() + options_.interval_ms),
      told_until_ms_(clock.now_ms()),
      told_(metrics.counter("khien_dnsd_reports_total", "Reports to khiend, by what became of them",
                            "outcome=\"told\"")),
      failures_(metrics.counter("khien_dnsd_reports_total", "", "outcome=\"repeated\"")),
      dropped_(metrics.counter("khien_dnsd_reports_total", "", "outcome=\"dropped\"")),
      refused_(metrics.gauge("khien_dnsd_report_refused", "1 while khiend does not know our key")),
      rules_told_(metrics.counter("khien_dnsd_report_rules_total", "Rules told to khiend")),
      left_out_(metrics.counter("khien_dnsd_report_left_out_total",
                                "Applications of rules that found no room or stayed too few")),
      waiting_(metrics.gauge("khien_dnsd_report_rules_waiting", "Rules that wait to be told")),
      told_at_(metrics.gauge("khien_dnsd_report_told_timestamp_seconds",
                             "When khiend last took a report; 0 before the first")) {}

Result<std::unique_ptr<Reporter>> Reporter::open(ReportOptions options, const Clock& clock,
                                                 Rng& rng, Metrics& metrics, Send send) {
  auto key = read_report_key(options.key_file);
  if (!key) return propagate(std::move(key).error(), "--report-key");
  std::optional<net::TlsContext> tls;
  if (options.url.is_encrypted) {
    auto context =
        net::TlsContext::client({.authorities = options.authorities, .alpn = {"http/1.1"}});
    if (!context) return propagate(std::move(context).error(), "--report-ca");
    tls = std::move(*context);
  }
  std::unique_ptr<Reporter> reporter{
      new Reporter(std::move(options), clock, rng, metrics)};  // NOLINT
  if (!reporter->stop_event_.valid() || !reporter->key_event_.valid()) {
    return fail(ErrorCode::unavailable, "no event descriptor");
  }
  *reporter->key_.lock() = std::move(*key);
  reporter->send_ = std::move(send);
  if (!reporter->send_) {
    const auto post = std::make_shared<ReportPost>(reporter->options_.url, std::move(tls),
                                                   reporter->stop_event_.get());
    reporter->send_ = [post](std::string_view body, std::string_view with) {
      return post->send(body, with);
    };
  }
  return reporter;
}

Result<bool> Reporter::reload() {
  auto key = read_report_key(options_.key_file);
  if (!key) return tl::unexpected(std::move(key).error());
  {
    auto known = key_.lock();
    if (*known == *key) return false;
    *known = std::move(*key);
  }
  signal(key_event_);
  return true;
}

std::string Reporter::problem() { return *problem_.lock(); }

// Workers answer with their next batch. Those that stand still are asked again next time.
void Reporter::collect(std::int64_t now_ms) {
  if (!collecting_since_ms_) {
    collecting_since_ms_ = now_ms;
    asked_ = workers_;
    for (RuleTally* worker : asked_) worker->ask();
  }
  std::erase_if(asked_, [&](RuleTally* worker) {
    const auto taken = worker->take(
        [&](const RuleTally::Hits& rule) { sums_.add(rule.source, rule.name, rule.hits, now_ms); });
    sums_.add_left_out(taken.left_out);
    return taken.done;
  });
  if (!asked_.empty() && now_ms - *collecting_since_ms_ < report_collect_wait_ms) return;
  collecting_since_ms_.reset();
  sums_.forget_old(now_ms);
  if (!pending_ && now_ms >= next_report_ms_) {
    pending_ = make_report(now_ms);
    next_report_ms_ = std::max(next_report_ms_ + options_.interval_ms, now_ms + ms_per_minute);
  }
  next_collect_ms_ = now_ms + report_collect_ms;
  if (next_report_ms_ > now_ms) next_collect_ms_ = std::min(next_collect_ms_, next_report_ms_);
  waiting_.set(static_cast<std::int64_t>(sums_.size()));
}

// Those that a report has room for are in `told`; the others go back.
Json Reporter::take_new_names(std::vector<NewName>& told) {
  Json names = Json::array();
  if (!new_names_.take) return names;
  told = new_names_.take();
  std::size_t count = 0;
  std::size_t size = 0;
  for (; count < told.size(); ++count) {
    const NewName& name = told[count];
    Json item =
        Json::object({{"name", name.name}, {"networks", static_cast<std::int64_t>(name.networks)}});
    size += item.dump().size() + 1;
    if (size > report_names_size_max) break;
    names.push(std::move(item));
  }
  const auto rest = told.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<NewName> back{std::make_move_iterator(rest), std::make_move_iterator(told.end())};
  told.erase(rest, told.end());
  if (!back.empty()) new_names_.put_back(std::move(back));
  return names;
}

Reporter::Pending Reporter::make_report(std::int64_t now_ms) {
  Json rules = Json::array();
  const auto told = sums_.take();
  for (const RuleHits& rule : told) {
    rules.push(Json::object(
        {{"source", rule.source}, {"name", rule.name}, {"hits", as_integer(rule.hits)}}));
  }
  Pending report;
  report.due_ms = now_ms;
  Json names = take_new_names(report.names);
  const std::uint64_t dropped_total =
      new_names_.dropped_total ? new_names_.dropped_total() : names_seen_dropped_;
  const std::uint64_t dropped = dropped_total - std::exchange(names_seen_dropped_, dropped_total);
  const std::uint64_t left_out = sums_.take_left_out();
  rules_told_.add(static_cast<std::int64_t>(told.size()));
  left_out_.add(as_integer(left_out));

  std::array<std::uint8_t, id_size> id;
  rng_.fill(id);
  const InstantMs to_ms = clock_.now_ms() / ms_per_second * ms_per_second;
  // Never backwards, whatever happens to the clock, and never longer than khiend takes: what was
  // counted before, while khiend was away, stands in this report all the same.
  const InstantMs from_ms =
      std::clamp(told_until_ms_, to_ms - report_span_max_ms, to_ms - ms_per_second);
  told_until_ms_ = to_ms;
  report.body = Json::object({{"version", std::int64_t{1}},
                              {"id", codec::hex(id)},
                              {"from", codec::write_rfc3339(from_ms)},
                              {"to", codec::write_rfc3339(to_ms)},
                              {"rules", std::move(rules)},
                              {"rules_left_out", as_integer(left_out)},
                              {"new_names", std::move(names)},
                              {"new_names_dropped", as_integer(dropped)}})
                    .dump();
  return report;
}

void Reporter::failed(std::int64_t now_ms, const std::string& why) {
  constexpr int doublings_max = 10;
  const int doublings = std::min(pending_->failures++, doublings_max);
  pending_->due_ms = now_ms + std::min(report_retry_first_ms << doublings, report_retry_max_ms);
  failures_.add();
  auto problem = problem_.lock();
  // Once for each reason, not for each try.
  if (*problem != why) KHIEN_LOG(warning, "report_not_told", {"why", why});
  *problem = why;
}

void Reporter::drop(int status) {
  pending_.reset();
  dropped_.add();
  KHIEN_LOG(error, "report_dropped", {"status", status});
  *problem_.lock() = "reports to " + to_string(options_.url) + ": it answered " +
                     std::to_string(status) + " and will never take the last one, which is dropped";
}

void Reporter::send(std::int64_t now_ms) {
  const std::string key = *key_.lock();
  const auto status = send_(pending_->body, key);
  const std::string about = "reports to " + to_string(options_.url) + ": ";
  refused_.set(status && *status == status_unauthorized ? 1 : 0);
  if (!status) return failed(now_ms, about + status.error().message);
  switch (*status) {
    case status_ok:
    case status_no_content: break;
    case status_bad_request:
    case status_too_large: return drop(*status);
    case status_unauthorized:
      return failed(now_ms, about +
                                "401, our key is not known there or revoked: put a good one into " +
                                options_.key_file.string() + " and reload");
    default: return failed(now_ms, about + "it answered " + std::to_string(*status));
  }
  pending_.reset();
  told_.add();
  told_at_.set(clock_.now_ms() / ms_per_second);
  problem_.lock()->clear();
}

std::int64_t Reporter::step() {
  const std::int64_t now_ms = clock_.steady_ms();
  if (collecting_since_ms_ || now_ms >= next_collect_ms_) collect(now_ms);
  if (pending_ && now_ms >= pending_->due_ms) send(clock_.steady_ms());
  if (collecting_since_ms_) return report_collect_look_ms;
  std::int64_t next_ms = next_collect_ms_;
  if (pending_) next_ms = std::min(next_ms, pending_->due_ms);
  return std::max<std::int64_t>(next_ms - clock_.steady_ms(), 0);
}

void Reporter::wait(std::int64_t ms) {
  std::array<pollfd, 2> waiting{{{.fd = stop_event_.get(), .events = POLLIN, .revents = 0},
                                 {.fd = key_event_.get(), .events = POLLIN, .revents = 0}}};
  (void)::poll(waiting.data(), waiting.size(), static_cast<int>(ms));
  if (waiting[1].revents == 0) return;
  forget_signals(key_event_);
  if (pending_) pending_->due_ms = clock_.steady_ms();
}

void Reporter::run(const std::stop_token& stop) {
  (void)::prctl(PR_SET_NAME, "reports");
  const std::stop_callback wake{stop, [this] { signal(stop_event_); }};
  while (!stop.stop_requested()) wait(step());
  if (pending_ && !pending_->names.empty()) new_names_.put_back(std::move(pending_->names));
}

}  // namespace khien::resolver
