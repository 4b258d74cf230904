#include "cases/event.h"

#include <algorithm>

namespace khien::cases {
namespace {

constexpr std::string_view sql_timeline = R"(
SELECT id, at_ms, kind, record, record_id, case_id, actor, state_before, state_after, body
FROM case_event WHERE case_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3)";
constexpr std::string_view sql_history = R"(
SELECT id, at_ms, kind, record, record_id, case_id, actor, state_before, state_after, body
FROM case_event WHERE record_id = $1 ORDER BY id LIMIT 1000)";
constexpr std::string_view sql_after = R"(
SELECT id, at_ms, kind, record, record_id, case_id, actor, state_before, state_after, body
FROM case_event WHERE id > $1 ORDER BY id LIMIT $2)";

Event read_event(const store::Row& row) {
  return Event{.id = row.integer(0),
               .at_ms = row.integer(1),
               .kind = row.text(2),
               .record = row.text(3),
               .record_id = row.text(4),
               .case_id = CaseId{row.optional_text(5).value_or("")},
               .actor = identity::AccountId{row.optional_text(6).value_or("")},
               .before = row.text(7),
               .after = row.text(8),
               .text = row.text(9)};
}

Result<std::vector<Event>> read_events(Result<std::vector<store::Row>> rows) {
  if (!rows) return propagate(std::move(rows).error(), "read the timeline");
  std::vector<Event> events;
  events.reserve(rows->size());
  for (const auto& row : *rows) events.push_back(read_event(row));
  return events;
}

}  // namespace

Result<Page<Event>> case_timeline(store::Executor& db, const CaseId& id, const PageRequest& page) {
  const int size = page_size(page);
  auto events = read_events(db.query(sql_timeline, {id, page_start(page), size + 1}));
  if (!events) return tl::unexpected<Error>{std::move(events).error()};
  return make_page(std::move(*events), size, [](const Event& event) { return event.id; });
}

Result<std::vector<Event>> record_history(store::Executor& db, std::string_view record_id) {
  return read_events(db.query(sql_history, {record_id}));
}

Result<std::vector<Event>> events_after(store::Executor& db, std::int64_t id, int limit) {
  return read_events(db.query(sql_after, {id, std::clamp(limit, 1, 1'000)}));
}

}  // namespace khien::cases
