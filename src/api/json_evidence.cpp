#include "api/json_evidence.h"

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
                           {"added_at_ms", item.added_at_ms},
                           {"added_by", people.json(identity::AccountId{item.added_by})}});
  if (!item.note.empty()) out.set("note", item.note);
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
