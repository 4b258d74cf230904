// Reading cases; their moves are in case_moves.cpp.
#include "cases/case.h"

#include <algorithm>
#include <array>

#include "cases/case_rows.h"
#include "cases/number.h"
#include "store/search.h"
#include "text/host.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 6> outcome_words{"blocked",   "no_abuse", "out_of_scope",
                                                        "duplicate", "gone",     "referred"};

constexpr std::string_view sql_select = R"(
SELECT c.id, c.number, c.version, c.state, c.title, c.category, c.assignee, c.outcome,
  c.hold_until_ms,
  (SELECT count(*) FROM case_report m WHERE m.case_id = c.id AND m.unlinked_at_ms IS NULL),
  (SELECT count(*) FROM case_report m JOIN report r ON r.id = m.report_id
   WHERE m.case_id = c.id AND m.unlinked_at_ms IS NULL
     AND r.state IN ('received', 'screening', 'quarantined')),
  (SELECT count(*) FROM case_subject m WHERE m.case_id = c.id),
  (SELECT d.due_at_ms FROM deadline d WHERE d.case_id = c.id AND d.done_at_ms IS NULL
   ORDER BY d.due_at_ms, d.id LIMIT 1),
  (SELECT d.kind FROM deadline d WHERE d.case_id = c.id AND d.done_at_ms IS NULL
   ORDER BY d.due_at_ms, d.id LIMIT 1),
  c.opened_at_ms, c.changed_at_ms, c.change_sequence
FROM case_file c )";
// Empty text stands for "any": a parameter's type must not depend on the filter.
constexpr std::string_view sql_list = R"(
WHERE c.change_sequence < $1 AND ($2 = '' OR c.state = $2) AND ($3 = '' OR c.category = $3)
  AND ($4 = '' OR ($4 = 'none' AND c.assignee IS NULL) OR c.assignee = $4)
ORDER BY c.change_sequence DESC LIMIT $5)";
constexpr std::string_view sql_subjects = R"(
SELECT s.kind, s.value FROM case_subject m JOIN subject s ON s.id = m.subject_id
WHERE m.case_id = $1 ORDER BY m.added_at_ms, s.id LIMIT $2)";

Result<Case> read_case(const store::Row& row) {
  const auto state = parse_case_state(row.text(3));
  if (!state) return fail(ErrorCode::corrupt, "a case in an unknown state");
  Case value{.id = CaseId{row.text(0)},
             .number = row.text(1),
             .version = row.integer(2),
             .state = *state,
             .title = row.text(4),
             .category = std::nullopt,
             .assignee = identity::AccountId{row.optional_text(6).value_or("")},
             .outcome = std::nullopt,
             .hold_until_ms = row.optional_integer(8),
             .report_count = row.integer(9),
             .reports_waiting = row.integer(10),
             .subject_count = row.integer(11),
             .due_at_ms = row.optional_integer(12),
             .due_kind = parse_deadline_kind(row.optional_text(13).value_or("")),
             .opened_at_ms = row.integer(14),
             .changed_at_ms = row.integer(15),
             .cursor = row.integer(16)};
  if (const auto category = row.optional_text(5)) value.category = parse_category(*category);
  if (const auto outcome = row.optional_text(7)) value.outcome = parse_case_outcome(*outcome);
  return value;
}

bool passes(const Case& value, const CaseFilter& filter, const PageRequest& page) {
  if (value.cursor >= page_start(page)) return false;
  if (filter.state && value.state != *filter.state) return false;
  if (filter.category && value.category != filter.category) return false;
  if (filter.assignee == "none") return value.assignee.empty();
  return filter.assignee.empty() || value.assignee.value == filter.assignee;
}

// Hits come from the index by id; they are few enough to be looked at one by one.
Result<Page<Case>> search_cases(store::Executor& db, const CaseFilter& filter,
                                const PageRequest& page) {
  std::vector<Case> hits;
  if (const auto number = read_number(filter.query)) {
    auto value = find_case_by_number(db, *number);
    if (value && passes(*value, filter, page)) hits.push_back(std::move(*value));
    return Page<Case>{.items = std::move(hits), .next = std::nullopt};
  }
  const auto folded = text::fold(filter.query);
  auto ids = store::search(
      db, {.kind = "case", .folded_text = folded, .limit = store::search_results_max});
  if (!ids) return propagate(std::move(ids).error(), "search cases");
  for (const auto& id : *ids) {
    auto value = load_case(db, CaseId{id});
    if (!value) return tl::unexpected<Error>{std::move(value).error()};
    if (passes(*value, filter, page)) hits.push_back(std::move(*value));
  }
  std::sort(hits.begin(), hits.end(),
            [](const Case& a, const Case& b) { return a.cursor > b.cursor; });
  return make_page(std::move(hits), page_size(page),
                   [](const Case& value) { return value.cursor; });
}

}  // namespace

std::string_view to_string(CaseOutcome outcome) noexcept {
  return outcome_words[static_cast<std::size_t>(outcome)];
}

std::optional<CaseOutcome> parse_case_outcome(std::string_view word) noexcept {
  const auto found = std::find(outcome_words.begin(), outcome_words.end(), word);
  if (found == outcome_words.end()) return std::nullopt;
  return static_cast<CaseOutcome>(found - outcome_words.begin());
}

Result<Page<Case>> list_cases(store::Executor& db, const CaseFilter& filter,
                              const PageRequest& page) {
  if (!filter.query.empty()) return search_cases(db, filter, page);
  const int size = page_size(page);
  const std::string_view state = filter.state ? to_string(*filter.state) : "";
  const std::string_view category = filter.category ? to_string(*filter.category) : "";
  auto rows = db.query(std::string{sql_select} + std::string{sql_list},
                       {page_start(page), state, category, filter.assignee, size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list cases");
  std::vector<Case> items;
  for (const auto& row : *rows) {
    auto value = read_case(row);
    if (!value) return tl::unexpected<Error>{std::move(value).error()};
    items.push_back(std::move(*value));
  }
  return make_page(std::move(items), size, [](const Case& value) { return value.cursor; });
}

Result<Case> load_case(store::Executor& db, const CaseId& id) {
  auto row = db.query_one(std::string{sql_select} + "WHERE c.id = $1", {id.value});
  if (!row) return propagate(std::move(row).error(), "load a case");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such case");
  return read_case(**row);
}

Result<Case> find_case_by_number(store::Executor& db, std::string_view number) {
  const auto plain = read_number(number);
  if (!plain) return fail(ErrorCode::not_found, "no such case number", "bad_number");
  auto row = db.query_one(std::string{sql_select} + "WHERE c.number = $1", {*plain});
  if (!row) return propagate(std::move(row).error(), "find a case by its number");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such case");
  return read_case(**row);
}

Result<std::vector<Subject>> list_case_subjects(store::Executor& db, const CaseId& id) {
  auto rows = db.query(sql_subjects, {id, case_subjects_max});
  if (!rows) return propagate(std::move(rows).error(), "list the subjects of a case");
  std::vector<Subject> subjects;
  for (const auto& row : *rows) {
    const auto kind = parse_subject_kind(row.text(0));
    if (!kind) return fail(ErrorCode::corrupt, "a subject of an unknown kind");
    auto subject = find_subject(db, *kind, row.text(1));
    if (!subject) return tl::unexpected<Error>{std::move(subject).error()};
    if (*subject) subjects.push_back(std::move(**subject));
  }
  return subjects;
}

}  // namespace khien::cases
