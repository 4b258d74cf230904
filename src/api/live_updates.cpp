#include "api/live_updates.h"

#include <algorithm>

#include "codec/json.h"

namespace khien::api {
namespace {

using codec::Json;

/// The kind of Change that the contract knows for a record of the timeline.
std::string_view kind_of(std::string_view record) noexcept {
  if (record == "report" || record == "order" || record == "appeal" || record == "objection") {
    return record;
  }
  if (record == "case" || record == "subject" || record == "task") return "case";
  return "overview";
}

}  // namespace

void LiveUpdates::tell(const cases::Event& event) {
  const auto kind = kind_of(event.record);
  const bool is_case = kind == "case";
  Json change =
      Json::object({{"kind", kind}, {"id", is_case ? event.case_id.value : event.record_id}});
  if (!event.case_id.empty()) change.set("case_id", event.case_id.value);
  hub_.publish("changed", change.dump());
}

Result<void> LiveUpdates::run() {
  while (true) {
    const std::int64_t from = std::max<std::int64_t>(0, last_id_ - live_updates_back);
    auto events = database_.read(
        [&](store::Executor& db) { return cases::events_after(db, from, live_updates_batch); });
    if (!events) return propagate(std::move(events).error(), "read the timeline");
    std::size_t fresh = 0;
    for (const auto& event : *events) {
      if (!told_.insert(event.id).second) continue;
      ++fresh;
      if (started_) tell(event);
      last_id_ = std::max(last_id_, event.id);
    }
    told_.erase(told_.begin(), told_.lower_bound(last_id_ - live_updates_back));
    if (fresh == 0) break;
  }
  started_ = true;
  return {};
}

}  // namespace khien::api
