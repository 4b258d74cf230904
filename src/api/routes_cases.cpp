// Cases for officers: queue, one case, its moves, timeline, subjects.
#include "api/handler.h"
#include "api/input.h"
#include "api/json_cases.h"
#include "api/routes.h"
#include "api/services.h"
#include "identity/account.h"

namespace khien::api {
namespace {

using cases::CaseId;
using codec::Json;
using http::Method;
using http::Request;
using http::Response;

/// Runs one move of a case in a transaction and answers with the case as it then is.
template <typename Move>
Result<Response> move_and_answer(const Services& services, const Request& request, const CaseId& id,
                                 Move move) {
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = move(tx, actor_of(request));
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    auto out = case_whole(tx, actor_of(request), id);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> list_cases(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto page = in.page();
  cases::CaseFilter filter{.query = in.query("q"), .assignee = in.query("assignee")};
  filter.state = in.optional_one_of(in.query("state"), cases::parse_case_state, "bad_state");
  filter.category = in.optional_one_of(in.query("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  if (filter.assignee == "me") filter.assignee = actor_of(request).account_id.value;
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::list_cases(db, filter, page);
    if (!found) return propagate(std::move(found).error(), "list cases");
    People people{db};
    Json::Array items;
    for (const auto& record : found->items) items.push_back(case_summary(record, people));
    return json_page(std::move(items), found->next);
  });
}

Result<Response> get_case(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<CaseId>("case_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto out = case_whole(db, actor_of(request), id);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> edit_case(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::CaseEdit edit{.id = in.id<CaseId>("case_id"),
                       .version = in.integer("version"),
                       .title = in.optional_text("title")};
  edit.category = in.optional_one_of(in.optional_text("category"), parse_category, "no_category");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, edit.id, [&](auto& tx, const auto& actor) {
    return cases::edit_case(tx, services.cases, actor, edit);
  });
}

Result<Response> assign_case(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<CaseId>("case_id");
  const auto version = in.integer("version");
  const auto account = in.optional_id_at<identity::AccountId>("account_id");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, id, [&](auto& tx, const auto& actor) {
    return cases::assign_case(tx, services.cases, actor, id, version,
                              account.value_or(identity::AccountId{}));
  });
}

/// Ids and names of those whom a case can be given to, and nothing else about them.
Result<Response> list_assignees(const Services& services, const Request&) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = identity::accounts_with_right(db, services.clock.now_ms(), cases::assignee_right);
    if (!found) return propagate(std::move(found).error(), "list assignees");
    Json::Array items;
    for (const auto& account : *found) {
      items.push_back(Json::object({{"id", account.id.value}, {"name", account.name}}));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

Result<Response> close_case(const Services& services, const Request& request) {
  Input in{request, Body::json};
  cases::CaseClose close{
      .id = in.id<CaseId>("case_id"),
      .version = in.integer("version"),
      .outcome = in.one_of(in.text("outcome"), cases::parse_case_outcome, "bad_outcome"),
      .reason = in.text("reason")};
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, close.id, [&](auto& tx, const auto& actor) {
    return cases::close_case(tx, services.cases, actor, close);
  });
}

Result<Response> reopen_case(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<CaseId>("case_id");
  const auto version = in.integer("version");
  const auto reason = in.text("reason");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, id, [&](auto& tx, const auto& actor) {
    return cases::reopen_case(tx, services.cases, actor, id, version, reason);
  });
}

Result<Response> list_timeline(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<CaseId>("case_id");
  const auto page = in.page();
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto found = cases::case_timeline(db, id, page);
    if (!found) return propagate(std::move(found).error(), "read the timeline");
    People people{db};
    Json::Array items;
    for (const auto& event : found->items) items.push_back(event_json(event, people));
    return json_page(std::move(items), found->next);
  });
}

Result<Response> comment_case(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<CaseId>("case_id");
  const auto text = in.text("text");
  if (!in.ok()) return in.error();
  const auto& actor = actor_of(request);
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto event = cases::comment_case(tx, services.cases, actor, id, text);
    if (!event) return tl::unexpected<Error>{std::move(event).error()};
    People people{tx};
    const cases::Event written{.id = *event,
                               .at_ms = services.clock.now_ms(),
                               .kind = "comment",
                               .record = "case",
                               .record_id = id.value,
                               .case_id = id,
                               .actor = actor.account_id,
                               .before = {},
                               .after = {},
                               .text = text};
    return json(201, event_json(written, people));
  });
}

Result<Response> add_subjects(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<CaseId>("case_id");
  const auto version = in.integer("version");
  const auto text = in.text("text");
  if (!in.ok()) return in.error();
  return move_and_answer(services, request, id, [&](auto& tx, const auto& actor) {
    return cases::add_case_subjects(tx, services.cases, actor, id, version, text);
  });
}

Result<Response> set_verdict(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const cases::VerdictMove move{
      .subject = in.id<cases::SubjectId>("subject_id"),
      .version = in.integer("version"),
      .verdict = in.one_of(in.text("verdict"), cases::parse_verdict, "bad_verdict"),
      .reason = in.text("reason"),
      .until_ms = in.optional_integer("until_ms")};
  if (!in.ok()) return in.error();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto done = cases::judge_subject(tx, services.cases, actor_of(request), move);
    if (!done) return tl::unexpected<Error>{std::move(done).error()};
    return json(200, subject_json(*done));
  });
}

}  // namespace

void add_case_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "cases", "case.read", list_cases);
  add(Method::get, "cases/assignees", "case.assign", list_assignees);
  add(Method::get, "cases/{case_id}", "case.read", get_case);
  add(Method::patch, "cases/{case_id}", "case.edit", edit_case);
  add(Method::post, "cases/{case_id}/assign", "case.assign", assign_case);
  add(Method::post, "cases/{case_id}/close", "case.close", close_case);
  add(Method::post, "cases/{case_id}/reopen", "case.reopen", reopen_case);
  add(Method::post, "cases/{case_id}/comments", "case.comment", comment_case);
  add(Method::get, "cases/{case_id}/timeline", "case.read", list_timeline);
  add(Method::post, "cases/{case_id}/subjects", "case.edit", add_subjects);
  add(Method::post, "subjects/{subject_id}/verdict", "subject.verdict", set_verdict);
}

}  // namespace khien::api
