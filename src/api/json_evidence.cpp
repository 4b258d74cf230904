#include "api/json_evidence.h"

#include "api/json_cases.h"
#include "cases/evidence_moves.h"
#include "evidence/item.h"

namespace khien::api {

using codec::Json;

Json evidence_item(const evidence::Item& item, People& people) {
  auto out = Json::object({{"id", item.id.value},
                           {"case_id", item.case_id},
                           {"kind", evidence::to_string(item.kind)},
                           {"file_name", item.file_name},
                           {"media_type", item.media_type},
                           {"size", item.size},
                           {"sha256", item.sha256},
                           {"holds", item.holds},
                           {"destroyed", item.destroyed},
                           {"added_at_ms", item.added_at_ms},
                           {"added_by", people.json(identity::AccountId{item.added_by})}});
  if (!item.note.empty()) out.set("note", item.note);
  return out;
}

namespace {

Result<Json> custody_events(store::Executor& db, const evidence::ItemId& id, People& people) {
  auto custody = evidence::custody_of(db, id);
  if (!custody) return tl::unexpected<Error>{std::move(custody).error()};
  Json::Array events;
  for (const auto& event : *custody) {
    events.push_back(Json::object({{"at_ms", event.at_ms},
                                   {"event", evidence::to_string(event.kind)},
                                   {"actor", people.json(identity::AccountId{event.actor})},
                                   {"reason", event.reason}}));
  }
  return Json{std::move(events)};
}

/// Why an item cannot be destroyed as things are; empty if nothing stands in the way.
std::string_view obstacle(const evidence::Item& item, bool decision_rests) {
  if (item.destroyed) return "destroyed";
  if (item.holds > 0) return "held";
  return decision_rests ? std::string_view{"order_rests_on_it"} : std::string_view{};
}

Json evidence_actions(const identity::Actor& actor, const evidence::Item& item,
                      const std::optional<evidence::DestructionRequest>& asked,
                      bool decision_rests) {
  using identity::Action;
  const auto in_the_way = obstacle(item, decision_rests);
  Actions actions{actor};
  actions.add_unless(Action::evidence_download, item.destroyed ? "destroyed" : "");
  actions.add_unless(Action::evidence_hold, item.destroyed ? "destroyed" : "");
  actions.add_unless(Action::evidence_destroy,
                     asked ? std::string_view{"already_asked"} : in_the_way);
  if (asked) {
    actions.add_unless(Action::evidence_confirm_destruction, in_the_way,
                       {.proposer = identity::AccountId{asked->asked_by}});
  }
  return actions.take();
}

}  // namespace

Result<Json> evidence_detail(store::Executor& db, const identity::Actor& actor,
                             const evidence::ItemId& id) {
  auto item = evidence::load_item(db, id);
  if (!item) return tl::unexpected<Error>{std::move(item).error()};
  auto asked = evidence::pending_destruction(db, id);
  if (!asked) return tl::unexpected<Error>{std::move(asked).error()};
  auto rests = cases::decision_rests_on(db, id);
  if (!rests) return tl::unexpected<Error>{std::move(rests).error()};
  People people{db};
  auto custody = custody_events(db, id, people);
  if (!custody) return tl::unexpected<Error>{std::move(custody).error()};
  auto out = evidence_item(*item, people);
  out.set("custody", std::move(*custody));
  Json destruction;  // null: nobody asked
  if (*asked) {
    destruction = Json::object({{"id", (*asked)->id.value},
                                {"reason", (*asked)->reason},
                                {"asked_by", people.json(identity::AccountId{(*asked)->asked_by})},
                                {"asked_at_ms", (*asked)->asked_at_ms}});
  }
  out.set("destruction", std::move(destruction));
  out.set("actions", evidence_actions(actor, *item, *asked, *rests));
  return out;
}

Result<Json> case_evidence(store::Executor& db, const cases::CaseId& id, People& people) {
  auto found = evidence::list_items(db, id.value);
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  Json::Array items;
  // Newest first: the last thing added is what the officer looks for.
  for (auto item = found->rbegin(); item != found->rend(); ++item) {
    items.push_back(evidence_item(*item, people));
  }
  return Json{std::move(items)};
}

Result<Json> evidence_items(store::Executor& db, const std::vector<std::string>& ids,
                            People& people) {
  Json::Array items;
  for (const auto& id : ids) {
    auto item = evidence::load_item(db, evidence::ItemId{id});
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    items.push_back(evidence_item(*item, people));
  }
  return Json{std::move(items)};
}

}  // namespace khien::api
