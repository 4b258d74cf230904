#include "feeds/intake.h"

#include <algorithm>
#include <array>
#include <utility>

namespace khien::feeds {
namespace {

using cases::FindingKind;

bool refuses_choice(const cases::Finding& finding) noexcept {
  switch (finding.kind) {
    case FindingKind::never_block_above:
    case FindingKind::popular:
    case FindingKind::popular_below: return false;
    default: return finding.severity == cases::Severity::refuse;
  }
}

bool refuses_crime(const cases::Finding& finding) noexcept {
  return finding.severity == cases::Severity::refuse || finding.kind == FindingKind::popular ||
         finding.kind == FindingKind::popular_below;
}

// What a reader of another format, or of no list at all, trips over. Rules that this format has and
// DNS has not (AdBlock's patterns, RPZ's other triggers) are no sign of that.
constexpr std::array unreadable{exchange::ListRefusal::line_too_long,
                                exchange::ListRefusal::bad_syntax,
                                exchange::ListRefusal::not_a_host, exchange::ListRefusal::bad_idna};

bool is_no_list(exchange::ListFormat format, const exchange::ListCounts& list) noexcept {
  const auto refused = [&list](exchange::ListRefusal reason) {
    return list.refused[static_cast<std::size_t>(reason)];
  };
  std::uint64_t count = 0;
  for (const auto reason : unreadable) count += refused(reason);
  // Slashes have no place among plain names: links, or "</html>".
  if (format == exchange::ListFormat::domains) count += refused(exchange::ListRefusal::url_path);
  return 2 * count > list.entries + list.refused_total();
}

// Names that somebody relies on; the others are merely no names for a list.
bool is_good_name(FindingKind kind) noexcept {
  return kind == FindingKind::never_block || kind == FindingKind::never_block_above ||
         kind == FindingKind::never_block_below || kind == FindingKind::popular ||
         kind == FindingKind::popular_below;
}

}  // namespace

std::optional<FindingKind> refusal_of(const cases::ImpactData& data, Category category,
                                      std::string_view host, cases::Scope scope) {
  const auto impact = cases::assess_impact(data, {.name = std::string{host}, .scope = scope});
  const auto refuses = is_choice(category) ? refuses_choice : refuses_crime;
  const auto at = std::find_if(impact.findings.begin(), impact.findings.end(), refuses);
  if (at == impact.findings.end()) return std::nullopt;
  return at->kind;
}

struct Intake::State {
  State(const cases::ImpactData& impact_data, const FeedDraft& draft)
      : data(impact_data),
        category(draft.category),
        format(draft.format),
        entries_max(static_cast<std::uint64_t>(std::clamp<std::int64_t>(
            draft.entries_max, 0, static_cast<std::int64_t>(exchange::name_set_names_max)))),
        reader({.format = draft.format, .plain_scope = draft.scope, .csv_column = draft.csv_column},
               [this](const exchange::ListEntry& entry) { take(entry); }) {}

  void take(const exchange::ListEntry& entry) {
    // Half of a domain may yet become a whole one, so it is judged as such.
    const auto scope =
        entry.reach == exchange::Reach::host ? cases::Scope::host : cases::Scope::domain;
    if (const auto refusal = refusal_of(data, category, entry.host, scope)) {
      ++refused[static_cast<std::size_t>(*refusal)];
      if (is_good_name(*refusal)) ++good_names;
      return;
    }
    // Twice the maximum, because a list may repeat itself and RPZ needs two rules for a domain.
    if (builder.size() >= 2 * entries_max || !builder.add(entry)) too_many = true;
  }

  const cases::ImpactData& data;
  Category category;
  exchange::ListFormat format;
  std::uint64_t entries_max;
  exchange::NameSetBuilder builder;
  std::array<std::uint64_t, cases::finding_kind_count> refused{};  // by FindingKind
  std::int64_t good_names = 0;
  bool too_many = false;
  exchange::ListReader reader;  // last: its sink uses the others
};

Intake::Intake(const cases::ImpactData& data, const FeedDraft& feed)
    : state_(std::make_unique<State>(data, feed)) {}
Intake::~Intake() = default;

namespace {

tl::unexpected<Error> over_entries_max() {
  return fail(ErrorCode::limit_exceeded, "the list has more names than the feed may have",
              "entries_max");
}

}  // namespace

Result<void> Intake::read(std::string_view piece) {
  auto read = state_->reader.read(piece);
  if (!read) return propagate(std::move(read).error(), "read a feed");
  if (state_->too_many) return over_entries_max();
  return {};
}

Result<IntakeResult> Intake::finish() {
  auto last = state_->reader.finish();
  if (!last) return propagate(std::move(last).error(), "read a feed");
  if (state_->too_many) return over_entries_max();
  const auto& list = state_->reader.counts();
  if (list.entries + list.refused_total() == 0) {
    return fail(ErrorCode::malformed, "the list has no entries", "empty_list");
  }
  if (is_no_list(state_->format, list)) {
    return fail(ErrorCode::malformed, "most of it is no list of this format", "not_a_list");
  }

  IntakeResult result;
  exchange::SetCounts set_counts;
  result.set = state_->builder.build(set_counts);
  if (result.set.size() > state_->entries_max) return over_entries_max();

  FeedCounts& counts = result.counts;
  counts.duplicate = set_counts.duplicate;
  counts.redundant = set_counts.redundant;
  counts.read = list.entries + list.refused_total();
  const auto refuse = [&counts](std::string_view reason, std::uint64_t count) {
    if (count == 0) return;
    counts.refused += count;
    counts.refused_reasons[std::string{reason}] += count;
  };
  for (std::size_t i = 0; i < list.refused.size(); ++i) {
    refuse(to_string(static_cast<exchange::ListRefusal>(i)), list.refused[i]);
  }
  for (const auto kind : cases::all_finding_kinds()) {
    refuse(to_string(kind), state_->refused[static_cast<std::size_t>(kind)]);
  }
  refuse(to_string(exchange::ListRefusal::below_only), set_counts.below_only);
  result.good_names = state_->good_names;
  return result;
}

FeedCounts Intake::progress() const {
  const auto& list = state_->reader.counts();
  FeedCounts counts;
  counts.read = list.entries + list.refused_total();
  counts.refused = list.refused_total();
  for (const auto count : state_->refused) counts.refused += count;
  return counts;
}

}  // namespace khien::feeds
