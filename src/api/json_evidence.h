// Evidence items as the contract writes them.
#pragma once

#include <string>
#include <vector>

#include "api/people.h"
#include "cases/ids.h"
#include "codec/json.h"
#include "evidence/item.h"
#include "identity/actor.h"

namespace khien::api {

[[nodiscard]] codec::Json evidence_item(const evidence::Item& item, People& people);
/// The item with its custody, the destruction that somebody asked for, and what `actor` may do with
/// it.
[[nodiscard]] Result<codec::Json> evidence_detail(store::Executor& db, const identity::Actor& actor,
                                                  const evidence::ItemId& id);
/// Every item of a case, newest first, as an array.
[[nodiscard]] Result<codec::Json> case_evidence(store::Executor& db, const cases::CaseId& id,
                                                People& people);
/// The items with these ids, in their order, as an array.
[[nodiscard]] Result<codec::Json> evidence_items(store::Executor& db,
                                                 const std::vector<std::string>& ids,
                                                 People& people);

}  // namespace khien::api
