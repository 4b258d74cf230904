// Cases, reports, subjects and their history as the contract writes them (api/openapi.yaml).
#pragma once

#include <string>

#include "api/people.h"
#include "cases/case.h"
#include "cases/event.h"
#include "cases/report.h"
#include "cases/subject.h"
#include "codec/json.h"
#include "identity/rights.h"

namespace khien::api {

/// What the actor may do with a record now: [{"action", "allowed", "reason"}].
class Actions {
 public:
  explicit Actions(const identity::Actor& actor) : actor_(&actor) {}
  /// `possible` false: the record's state does not allow it, whoever asks.
  Actions& add(identity::Action action, bool possible, const identity::Facts& facts = {});
  /// `obstacle` is the reason why the record's state does not allow it; empty if it does.
  Actions& add_unless(identity::Action action, std::string_view obstacle,
                      const identity::Facts& facts = {});
  [[nodiscard]] codec::Json take() { return codec::Json{std::move(items_)}; }

 private:
  const identity::Actor* actor_;
  codec::Json::Array items_;
};

[[nodiscard]] codec::Json category_json(const std::optional<Category>& category);
/// CaseSummary.
[[nodiscard]] codec::Json case_summary(const cases::Case& record, People& people);
[[nodiscard]] codec::Json deadlines_json(const std::vector<cases::Deadline>& deadlines);
/// Case, whole: with subjects, the newest reports, evidence, orders, and what `actor` may do.
[[nodiscard]] Result<codec::Json> case_whole(store::Executor& db, const identity::Actor& actor,
                                             const cases::CaseId& id);
[[nodiscard]] codec::Json report_json(const cases::Report& report, const identity::Actor& actor);
[[nodiscard]] codec::Json subject_json(const cases::Subject& subject);
[[nodiscard]] codec::Json event_json(const cases::Event& event, People& people);

}  // namespace khien::api
