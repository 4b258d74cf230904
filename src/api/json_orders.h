// Orders, their impact, signatures and enforcement, the register and appeals, as the contract
// writes them.
#pragma once

#include "api/people.h"
#include "cases/appeal.h"
#include "cases/order.h"
#include "cases/publication.h"
#include "cases/register.h"
#include "cases/settings.h"
#include "codec/json.h"

namespace khien::api {

[[nodiscard]] codec::Json order_summary(const cases::Order& order, People& people);
/// Order, whole: with ground, evidence, impact, signatures, enforcement, and what `actor` may do.
[[nodiscard]] Result<codec::Json> order_whole(store::Executor& db, const identity::Actor& actor,
                                              const cases::Order& order, InstantMs now_ms);
[[nodiscard]] codec::Json ground_json(const cases::LegalInstrument& ground);
[[nodiscard]] codec::Json enforcement_json(const cases::Enforcement& row);
[[nodiscard]] codec::Json register_entry(const cases::RegisterEntry& entry);
/// `with_contact`: for those who may answer it.
[[nodiscard]] Result<codec::Json> appeal_json(store::Executor& db, const identity::Actor& actor,
                                              const cases::Appeal& appeal,
                                              const std::optional<std::string>& contact);

}  // namespace khien::api
