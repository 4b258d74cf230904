#include "cases/membership.h"

#include <algorithm>
#include <array>

#include "cases/impact.h"
#include "cases/number.h"
#include "cases/record.h"
#include "cases/settings.h"
#include "store/search.h"
#include "text/extract.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr int indexed_reports_max = 20;
constexpr int indexed_subjects_max = 200;

// What tells most about who is behind it comes first.
constexpr std::array join_order{
    SubjectKind::file_hash,   SubjectKind::bank_account, SubjectKind::wallet,
    SubjectKind::url,         SubjectKind::phone,        SubjectKind::email,
    SubjectKind::sender_name, SubjectKind::social,       SubjectKind::app,
    SubjectKind::host,        SubjectKind::domain,       SubjectKind::ip};

constexpr std::string_view sql_open_case_of = R"(
SELECT c.id FROM case_subject m JOIN case_file c ON c.id = m.case_id
WHERE m.subject_id = $1 AND (m.reports > 0 OR m.by_officer = 1) AND c.state <> 'closed'
ORDER BY c.opened_at_ms, c.id LIMIT 1)";
constexpr std::string_view sql_insert_case = R"(
INSERT INTO case_file (id, number, state, title, category, opened_at_ms, changed_at_ms,
  change_sequence)
VALUES ($1, $2, 'open', $3, $4, $5, $5, 0))";
constexpr std::string_view sql_link =
    "INSERT INTO case_report (case_id, report_id, linked_at_ms, reason) VALUES ($1, $2, $3, $4)";
constexpr std::string_view sql_unlink = R"(
UPDATE case_report SET unlinked_at_ms = $3
WHERE case_id = $1 AND report_id = $2 AND unlinked_at_ms IS NULL)";
constexpr std::string_view sql_count_in = R"(
INSERT INTO case_subject (case_id, subject_id, reports, added_at_ms)
SELECT $1, subject_id, 1, $3 FROM report_subject WHERE report_id = $2
ON CONFLICT (case_id, subject_id) DO UPDATE SET reports = case_subject.reports + 1)";
constexpr std::string_view sql_count_out = R"(
UPDATE case_subject SET reports = reports - 1
WHERE case_id = $1 AND subject_id IN (SELECT subject_id FROM report_subject WHERE report_id = $2))";
constexpr std::string_view sql_forget_empty =
    "DELETE FROM case_subject WHERE case_id = $1 AND reports = 0 AND by_officer = 0";
constexpr std::string_view sql_case_words =
    "SELECT number, title, COALESCE(category, '') FROM case_file WHERE id = $1";
constexpr std::string_view sql_subject_words = R"(
SELECT s.value FROM case_subject m JOIN subject s ON s.id = m.subject_id
WHERE m.case_id = $1 ORDER BY m.added_at_ms, s.id LIMIT $2)";
constexpr std::string_view sql_report_words = R"(
SELECT r.body FROM case_report m JOIN report r ON r.id = m.report_id
WHERE m.case_id = $1 AND m.unlinked_at_ms IS NULL
  AND COALESCE(r.category, '') <> 'child-abuse' ORDER BY m.id LIMIT $2)";

std::optional<SubjectKind> kind_of(text::FoundKind kind) noexcept {
  switch (kind) {
    case text::FoundKind::url: return SubjectKind::url;
    case text::FoundKind::host: return SubjectKind::host;
    case text::FoundKind::ip: return SubjectKind::ip;
    case text::FoundKind::phone: return SubjectKind::phone;
    case text::FoundKind::email: return SubjectKind::email;
    case text::FoundKind::bank_account: return SubjectKind::bank_account;
  }
  return std::nullopt;
}

Result<void> add_subject(store::Transaction& tx, const Context& context, SubjectKind kind,
                         std::string_view value, std::vector<Subject>& subjects) {
  auto subject = ensure_subject(tx, context, kind, value);
  if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
  const bool known = std::any_of(subjects.begin(), subjects.end(),
                                 [&](const Subject& other) { return other.id == subject->id; });
  if (!known) subjects.push_back(std::move(*subject));
  return {};
}

Result<void> append_rows(store::Executor& db, std::string_view sql, const CaseId& case_id,
                         int limit, std::string& words) {
  auto rows = db.query(sql, {case_id, limit});
  if (!rows) return propagate(std::move(rows).error(), "gather a case's words");
  for (const auto& row : *rows) {
    words += ' ';
    words += row.text(0);
  }
  return {};
}

}  // namespace

Result<std::vector<Subject>> ensure_subjects_of(store::Transaction& tx, const Context& context,
                                                std::string_view text) {
  auto extraction = text::extract_subjects(text, context.suffixes);
  if (!extraction) return propagate(std::move(extraction).error(), "extract subjects");
  std::vector<Subject> subjects;
  for (const auto& found : extraction->found) {
    const auto kind = kind_of(found.kind);
    if (!kind) continue;
    auto done = add_subject(tx, context, *kind, found.value, subjects);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    // A link's host is what an order would block. A mail address's host is mostly a provider.
    if (found.kind == text::FoundKind::url && !found.host.empty()) {
      done = add_subject(tx, context, SubjectKind::host, found.host, subjects);
      if (!done) return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  return subjects;
}

bool joins(const Context& context, const Subject& subject) {
  if (is_benign(subject, context.clock.now_ms())) return false;
  const bool is_name = subject.kind == SubjectKind::host || subject.kind == SubjectKind::domain;
  if (!is_name || context.impact == nullptr) return true;
  const auto impact = assess_impact(*context.impact, {.name = subject.value});
  return impact.verdict < Severity::serious;
}

Result<std::optional<CaseId>> find_open_case(store::Executor& db, const Context& context,
                                             std::span<const Subject> subjects) {
  for (const auto kind : join_order) {
    for (const auto& subject : subjects) {
      if (subject.kind != kind || !joins(context, subject)) continue;
      auto row = db.query_one(sql_open_case_of, {subject.id});
      if (!row) return propagate(std::move(row).error(), "look for the open case of a subject");
      if (row->has_value()) return std::optional<CaseId>{CaseId{(*row)->text(0)}};
    }
  }
  return std::optional<CaseId>{};
}

Result<CaseId> open_case(store::Transaction& tx, const Context& context, const NewCase& draft) {
  const auto now_ms = context.clock.now_ms();
  auto prefix = read_setting(tx, Setting::number_prefix, now_ms);
  if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
  auto number = next_number(tx, Series::cases, *prefix, now_ms);
  if (!number) return tl::unexpected<Error>{std::move(number).error()};
  const auto id = CaseId::make(context.clock, context.rng);
  std::optional<std::string_view> category;
  if (draft.category) category = to_string(*draft.category);
  auto done = tx.execute(sql_insert_case, {id, *number, draft.title, category, now_ms});
  if (!done) return propagate(std::move(done).error(), "open a case");
  auto event = record_event(tx, context,
                            {.kind = "case.opened",
                             .record = "case",
                             .record_id = id.value,
                             .case_id = id,
                             .actor = draft.actor,
                             .after = "open",
                             .fields = {{"number", *number}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return id;
}

Result<void> add_member(store::Transaction& tx, const Context& context, const CaseId& case_id,
                        const ReportId& report, std::string_view reason) {
  const auto now_ms = context.clock.now_ms();
  auto done = tx.execute(sql_link, {case_id, report, now_ms, reason});
  if (!done) return propagate(std::move(done).error(), "link a report");
  done = tx.execute(sql_count_in, {case_id, report, now_ms});
  if (!done) return propagate(std::move(done).error(), "count a report's subjects in");
  return {};
}

Result<void> remove_member(store::Transaction& tx, const Context& context, const CaseId& case_id,
                           const ReportId& report) {
  auto done = tx.execute(sql_unlink, {case_id, report, context.clock.now_ms()});
  if (!done) return propagate(std::move(done).error(), "unlink a report");
  if (*done != 1) return fail(ErrorCode::conflict, "the report is not in that case", "wrong_state");
  done = tx.execute(sql_count_out, {case_id, report});
  if (!done) return propagate(std::move(done).error(), "count a report's subjects out");
  done = tx.execute(sql_forget_empty, {case_id});
  if (!done) return propagate(std::move(done).error(), "forget subjects without a report");
  return {};
}

Result<void> index_case(store::Transaction& tx, const CaseId& case_id) {
  auto row = tx.query_one(sql_case_words, {case_id});
  if (!row) return propagate(std::move(row).error(), "gather a case's words");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such case");
  auto words = (*row)->text(0);
  if ((*row)->text(2) != to_string(Category::child_abuse)) {
    words += ' ' + (*row)->text(1);
    auto done = append_rows(tx, sql_subject_words, case_id, indexed_subjects_max, words);
    if (!done) return done;
    done = append_rows(tx, sql_report_words, case_id, indexed_reports_max, words);
    if (!done) return done;
  }
  return store::search_put(tx, "case", case_id.value, text::fold(words));
}

}  // namespace khien::cases
