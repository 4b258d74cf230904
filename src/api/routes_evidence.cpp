// Evidence: uploads that are hashed on their way, what is known about an item, and its content.
#include "api/form_upload.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/json_evidence.h"
#include "api/routes.h"
#include "api/services.h"
#include "cases/case.h"
#include "evidence/custody.h"
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
    auto item = evidence::load_item(db, id);
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    auto custody = evidence::custody_of(db, id);
    if (!custody) return tl::unexpected<Error>{std::move(custody).error()};
    People people{db};
    Json::Array events;
    for (const auto& event : *custody) {
      events.push_back(Json::object({{"at_ms", event.at_ms},
                                     {"event", evidence::to_string(event.kind)},
                                     {"actor", people.json(identity::AccountId{event.actor})},
                                     {"reason", event.reason}}));
    }
    auto out = evidence_item(*item, people);
    out.set("custody", Json{std::move(events)});
    return json(200, out);
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
  routes.push_back(
      officer_route(services, Method::get, "/api/v1/evidence/{evidence_id}", "evidence.read", get));
  routes.push_back(officer_route(services, Method::get, "/api/v1/evidence/{evidence_id}/content",
                                 "evidence.download", content));
}

}  // namespace khien::api
