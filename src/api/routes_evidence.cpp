// Evidence: uploads that are hashed on their way, what is known about an item, and its content.
#include "api/form_upload.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/json_evidence.h"
#include "api/routes.h"
#include "api/services.h"
#include "cases/case.h"
#include "cases/evidence_moves.h"
#include "evidence/custody.h"
#include "http/range.h"
#include "http/security.h"

namespace khien::api {
namespace {

using cases::CaseId;
using codec::Json;
using evidence::ItemId;
using http::Method;
using http::Request;
using http::Response;

constexpr std::uint64_t form_overhead_max = 64 * 1024;

Result<Response> keep(const Services& services, const CaseId& case_id, const std::string& account,
                      const StoredParts& form) {
  if (form.files().empty()) {
    return fail(ErrorCode::invalid_argument, "no file was sent", "file_missing");
  }
  const auto& file = form.files().front();
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    auto record = cases::load_case(tx, case_id);
    if (!record) return tl::unexpected<Error>{std::move(record).error()};
    if (record->state == cases::CaseState::closed) {
      return fail(ErrorCode::conflict, "the case is closed", "case_closed");
    }
    auto item = evidence::add_item(tx, {services.clock, services.rng},
                                   {.case_id = case_id.value,
                                    .kind = evidence::ItemKind::file,
                                    .file_name = file.file_name,
                                    .note = form.field("note"),
                                    .added_by = account},
                                   file.content);
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    tx.notify(cases::channel_records);
    People people{tx};
    return json(201, evidence_item(*item, people));
  });
}

http::UploadHandler add_handler(const Services& services) {
  return
      [&services](const Request& request) -> std::variant<Response, std::unique_ptr<http::Upload>> {
        Input in{request, Body::none};
        const auto case_id = in.id<CaseId>("case_id");
        if (!in.ok()) return http::problem(in.error().value());
        auto upload = take_form(
            request, services.contents, {.files_max = 1, .file_size_max = evidence::item_size_max},
            [&services, case_id,
             account = actor_of(request).account_id.value](const StoredParts& form) {
              auto response = keep(services, case_id, account, form);
              return response ? std::move(*response) : http::problem(response.error());
            });
        if (!upload) return http::problem(upload.error());
        return std::move(*upload);
      };
}

Result<Response> get(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<ItemId>("evidence_id");
  if (!in.ok()) return in.error();
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto out = evidence_detail(db, actor_of(request), id);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

Result<Response> waiting(const Services& services, const Request& request) {
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    auto requests = evidence::pending_destructions(db, cases::page_size_max);
    if (!requests) return tl::unexpected<Error>{std::move(requests).error()};
    Json::Array items;
    for (const auto& one : *requests) {
      auto item = evidence_detail(db, actor_of(request), one.item);
      if (!item) return tl::unexpected<Error>{std::move(item).error()};
      items.push_back(std::move(*item));
    }
    return json(200, Json::object({{"items", Json{std::move(items)}}}));
  });
}

/// One move of custody in a transaction, answered with the item as it is then.
template <typename Move>
Result<Response> moved(const Services& services, const Request& request, const ItemId& id,
                       Move move) {
  return services.database.transact([&](store::Transaction& tx) -> Result<Response> {
    if (auto done = move(tx); !done) return tl::unexpected<Error>{done.error()};
    auto out = evidence_detail(tx, actor_of(request), id);
    if (!out) return tl::unexpected<Error>{std::move(out).error()};
    return json(200, *out);
  });
}

using ReasonedMove = Result<void> (*)(store::Transaction&, const cases::Context&,
                                      const identity::Actor&, const ItemId&, std::string_view);
template <ReasonedMove move>
Result<Response> reasoned(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<ItemId>("evidence_id");
  const auto reason = in.text("reason");
  if (!in.ok()) return in.error();
  return moved(services, request, id, [&](store::Transaction& tx) {
    return move(tx, services.cases, actor_of(request), id, reason);
  });
}

using Decision = Result<void> (*)(store::Transaction&, const cases::Context&,
                                  const identity::Actor&, const evidence::DestructionId&);
/// The request is named, so that nobody confirms another than they were shown.
template <Decision decision>
Result<Response> decided(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = in.id<ItemId>("evidence_id");
  const auto asked = in.id_at<evidence::DestructionId>("destruction_id");
  if (!in.ok()) return in.error();
  return moved(services, request, id, [&](store::Transaction& tx) -> Result<void> {
    auto one = evidence::load_destruction(tx, asked);
    if (!one) return tl::unexpected<Error>{std::move(one).error()};
    if (one->item != id) return fail(ErrorCode::not_found, "it is about another item");
    return decision(tx, services.cases, actor_of(request), asked);
  });
}

/// Pictures may be shown by the app; everything else is a download. Both in a sandbox without
/// rights.
Result<Response> content(const Services& services, const Request& request) {
  Input in{request, Body::none};
  const auto id = in.id<ItemId>("evidence_id");
  if (!in.ok()) return in.error();
  auto item =
      services.database.read([&](store::Executor& db) { return evidence::load_item(db, id); });
  if (!item) return tl::unexpected<Error>{std::move(item).error()};
  auto octets = evidence::open_item(
      services.database,
      {services.clock, services.rng, &evidence::damaged_counter(services.metrics)},
      services.contents, id, actor_of(request).account_id.value);
  if (!octets) return tl::unexpected<Error>{std::move(octets).error()};
  const bool shown = item->media_type.starts_with("image/");
  auto response =
      http::respond(200, shown ? item->media_type : "application/octet-stream", to_text(*octets));
  response.headers.set("Content-Security-Policy", http::sandbox_policy);
  // The sender's file name never becomes a header: the id is name enough.
  response.headers.set(
      "Content-Disposition",
      (shown ? "inline; filename=\"" : "attachment; filename=\"") + id.value + "\"");
  response.headers.set("Cache-Control", "private, no-store");
  response.headers.set("ETag", "\"" + item->sha256 + "\"");
  http::apply_range(request, response);
  return response;
}

}  // namespace

void add_evidence_routes(Routes& routes, const Services& services) {
  http::Route add;
  add.method = Method::post;
  add.path = "/api/v1/cases/{case_id}/evidence";
  add.upload = add_handler(services);
  add.permission = "evidence.add";
  add.body_size_max = evidence::item_size_max + form_overhead_max;
  add.csrf = http::Csrf::required;
  routes.push_back(std::move(add));
  const std::string one = "/api/v1/evidence/{evidence_id}";
  const auto post = [&](const std::string& move, std::string right, Handle handle) {
    routes.push_back(officer_route(services, Method::post, one + move, std::move(right), handle));
  };
  routes.push_back(officer_route(services, Method::get, one, "evidence.read", get));
  routes.push_back(officer_route(services, Method::get, "/api/v1/evidence-destructions",
                                 "evidence.read", waiting));
  post("/hold", "evidence.hold", reasoned<cases::hold_evidence>);
  post("/release", "evidence.hold", reasoned<cases::release_evidence>);
  post("/destruction", "evidence.destroy", reasoned<cases::ask_destruction>);
  post("/destruction/confirm", "evidence.confirm_destruction", decided<cases::confirm_destruction>);
  post("/destruction/refuse", "evidence.confirm_destruction", decided<cases::refuse_destruction>);
  routes.push_back(officer_route(services, Method::get, "/api/v1/evidence/{evidence_id}/content",
                                 "evidence.download", content));
}

}  // namespace khien::api
