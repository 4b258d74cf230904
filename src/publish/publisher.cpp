#include "publish/publisher.h"

#include <algorithm>

#include "base/log.h"
#include "publish/publication_control.h"

namespace khien::publish {
namespace {

constexpr std::size_t notices_a_turn = 1'000;

/// What row says, for ZoneSet; borrows the row. The zone is empty if there is none for it.
Change change_of(const PublicationRow& row) {
  const ZoneFacts* zone = set_for(row.of, row.basis, row.category);
  return {.kind = row.kind,
          .zone = zone == nullptr ? std::string_view{} : std::string_view{zone->id},
          .name = row.name,
          .source = row.source,
          .scope = row.scope,
          .until_ms = row.until_ms,
          .warrant = row.two_signers ? Warrant::two_signers : Warrant::none,
          .sequence = row.sequence,
          .served_before = row.served_before};
}

/// It may wait while another order shows the same name.
bool is_held(ZoneSet& zones, const std::string& zone, const PublicationRow& row) {
  return zones.gate() != nullptr && zones.gate()->holds(zone, row.source, row.name);
}

void log_failure(std::string_view event, const Error& error) {
  write_log(LogLevel::warning, event, {{"error", error.message}});
}

}  // namespace

PublisherTurn::PublisherTurn(const Publisher::Parts& parts)
    : parts_(parts),
      applied_(parts.metrics.counter("khien_publish_publications_total",
                                     "Publications of the database applied to the zones")),
      refused_(parts.metrics.counter("khien_publish_publications_refused_total",
                                     "Publications that no zone may take: look at the log")),
      held_(parts.metrics.counter("khien_publish_publications_held_total",
                                  "Publications that wait at the gate for a person")),
      lapsed_(parts.metrics.counter("khien_publish_lapses_total",
                                    "Times at which names left a zone because they were over")),
      failures_(parts.metrics.counter("khien_publish_failures_total",
                                      "Turns that the database or the disk failed")),
      names_(parts.metrics.gauge("khien_publish_names", "Names held in all zones")) {}

bool PublisherTurn::run() {
  if (parts_.duty) duty_ = parts_.duty();
  if (duty_ != PublisherDuty::nothing) lapse();
  if (duty_ == PublisherDuty::everything) {
    bring_resumed();
    settle_trials();
    if (publish()) return true;
  }
  compact();
  return parts_.zones.make_pages(pages_a_turn) == pages_a_turn;
}

std::int64_t PublisherTurn::wait_ms() const {
  const auto due_ms = parts_.zones.next_lapse_ms();
  if (!due_ms || duty_ == PublisherDuty::nothing) return publisher_wait_max_ms;
  return std::clamp<std::int64_t>(*due_ms - parts_.clock.now_ms(), 0, publisher_wait_max_ms);
}

void PublisherTurn::lapse() {
  const auto done = parts_.zones.lapse();
  if (!done) {
    failures_.add();
    log_failure("lapse_failed", done.error());
    return;
  }
  lapsed_.add(static_cast<std::int64_t>(done->serials.size()));
  Gate* gate = parts_.zones.gate();
  if (gate == nullptr) return;
  if (const auto lapsed = gate->lapse(); !lapsed) {
    failures_.add();
    log_failure("lapse_failed", lapsed.error());
  }
}

void PublisherTurn::bring_resumed() {
  Gate* gate = parts_.zones.gate();
  if (gate == nullptr) return;
  PublicationControl control{parts_.zones, *gate, parts_.clock};
  if (const auto brought = control.bring_resumed(); !brought) {
    failures_.add();
    log_failure("resume_failed", brought.error());
  }
}

/// After whatever changed at the gate, and after a start: a crash may have come between the two.
void PublisherTurn::settle_trials() {
  Gate* gate = parts_.zones.gate();
  if (gate == nullptr) return;
  const auto version = gate->version();
  if (version == settled_version_) return;
  if (const auto settled = parts_.zones.settle_trials(); !settled) {
    failures_.add();
    log_failure("trials_unsettled", settled.error());
    return;
  }
  settled_version_ = version;
}

bool PublisherTurn::publish() {
  // A publisher that was killed between applying and reporting reports first.
  const auto caught_up = catch_up_reports();
  if (!caught_up) {
    failures_.add();
    log_failure("publication_report_failed", caught_up.error());
    return false;
  }
  // What was taken out is told before anything new is asked for.
  if (const auto told = tell_notices(); !told) {
    failures_.add();
    log_failure("gate_notices_untold", told.error());
    return false;
  }
  const auto rows = parts_.source.after(parts_.zones.applied_sequence(), publications_a_turn);
  if (!rows) {
    failures_.add();
    log_failure("publications_unread", rows.error());
    return false;
  }
  if (rows->empty()) return false;
  if (const auto applied = apply_rows(*rows); !applied) {
    failures_.add();
    log_failure("publications_unapplied", applied.error());
    return false;
  }
  if (const auto reported = report(*rows); !reported) {
    failures_.add();
    log_failure("publication_report_failed", reported.error());
    return false;
  }
  std::size_t names = 0;
  for (const ZoneStatus& zone : parts_.zones.status()) names += zone.name_count;
  names_.set(static_cast<std::int64_t>(names));
  return rows->size() == static_cast<std::size_t>(publications_a_turn);
}

/// Applies all; what no zone may take is left out and said aloud, and holds up nobody else.
Result<int> PublisherTurn::apply_rows(const std::vector<PublicationRow>& rows) {
  std::vector<Change> changes;
  changes.reserve(rows.size());
  for (const PublicationRow& row : rows) changes.push_back(change_of(row));
  const auto applied = parts_.zones.apply(changes, rows.back().sequence);
  if (!applied) return tl::unexpected(applied.error());
  for (const RefusedChange& refused : applied->refused) {
    refused_.add();
    write_log(LogLevel::error, "publication_refused",
              {{"sequence", rows[refused.index].sequence}, {"reason", refused.reason}});
  }
  held_.add(static_cast<std::int64_t>(applied->held.size()));
  const auto count = static_cast<int>(rows.size() - applied->refused.size() - applied->held.size());
  applied_.add(count);
  return count;
}

Result<void> PublisherTurn::report(const std::vector<PublicationRow>& rows) {
  std::vector<PublishedRow> published;
  for (const PublicationRow& row : rows) {
    const ZoneFacts* zone = set_for(row.of, row.basis, row.category);
    const auto name = dns::Name::from_text(row.name);
    if (zone == nullptr || !name) continue;
    // A refused or held block is not served, so nobody may say that it is.
    if (row.kind == ChangeKind::add && !parts_.zones.held(*zone, *name).name) continue;
    if (row.kind == ChangeKind::add && is_held(parts_.zones, zone->id, row)) continue;
    published.push_back({.sequence = row.sequence,
                         .zone = zone->name.to_text(),
                         .serial = parts_.zones.serial(*zone).value_or(0)});
  }
  if (auto recorded = parts_.source.record(published); !recorded) return recorded;
  return parts_.zones.note_reported(rows.back().sequence);
}

Result<void> PublisherTurn::tell_notices() {
  Gate* gate = parts_.zones.gate();
  if (gate == nullptr) return {};
  const auto notices = gate->notices(notices_a_turn);
  if (notices.empty()) return {};
  std::vector<PublishedRow> published;
  std::vector<GateNotice> withdrawn;
  std::vector<GateNotice> acts;
  for (const GateNotice& notice : notices) {
    if (notice.kind == NoticeKind::act) {
      acts.push_back(notice);
      continue;
    }
    if (notice.kind != NoticeKind::published) {
      withdrawn.push_back(notice);
      continue;
    }
    const ZoneFacts* zone = find_set(notice.zone);
    if (zone == nullptr) continue;
    published.push_back(
        {.sequence = notice.sequence, .zone = zone->name.to_text(), .serial = notice.serial});
  }
  if (auto recorded = parts_.source.record(published); !recorded) return recorded;
  if (auto recorded = parts_.source.record_withdrawn(withdrawn); !recorded) return recorded;
  if (auto recorded = parts_.source.record_acts(acts); !recorded) return recorded;
  return gate->forget_notices(notices.back().id);
}

Result<bool> PublisherTurn::catch_up_reports() {
  const std::int64_t applied = parts_.zones.applied_sequence();
  while (parts_.zones.reported_sequence() < applied) {
    auto rows = parts_.source.after(parts_.zones.reported_sequence(), publications_a_turn);
    if (!rows) return tl::unexpected(std::move(rows).error());
    std::erase_if(*rows, [&](const PublicationRow& row) { return row.sequence > applied; });
    if (rows->empty()) break;
    if (auto reported = report(*rows); !reported) return tl::unexpected(reported.error());
  }
  return true;
}

void PublisherTurn::compact() {
  if (!parts_.zones.wants_compaction()) return;
  if (const auto done = parts_.zones.compact(); !done) {
    failures_.add();
    log_failure("compaction_failed", done.error());
  }
}

Publisher::Publisher(const Parts& parts)
    : parts_(parts), thread_([this](const std::stop_token& stop) { run(stop); }) {}

Publisher::~Publisher() {
  thread_.request_stop();
  parts_.source.wake();
}

void Publisher::run(const std::stop_token& stop) {
  PublisherTurn turn{parts_};
  while (!stop.stop_requested()) {
    try {
      while (turn.run() && !stop.stop_requested()) {
      }
    } catch (const std::exception& error) {
      write_log(LogLevel::error, "publisher_failed", {{"what", error.what()}});
    }
    if (!stop.stop_requested()) parts_.source.wait(turn.wait_ms());
  }
}

}  // namespace khien::publish
