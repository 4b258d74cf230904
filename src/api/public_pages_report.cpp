// The report form and what becomes of a report, for people without an account.
#include "api/public_pages.h"
#include "api/report_upload.h"
#include "api/services.h"
#include "cases/report.h"
#include "pages/moment.h"

namespace khien::api {
namespace {

using http::Method;
using http::Request;
using http::Response;

pages::ReportForm blank_form(const Reading& reading) {
  pages::ReportForm form;
  const auto& services = reading.services;
  form.submission = new_id_text(services.clock.now_ms(), services.rng);
  return form;
}

/// The kinds as radio buttons, with `chosen` marked; "unknown" is the first choice.
void add_kinds(const Reading& reading, pages::ReportForm& form, std::string_view chosen) {
  const auto add = [&](std::string_view id) {
    form.kinds.push_back({.id = std::string{id},
                          .name = reading.text("public.report.kind." + std::string{id}),
                          .checked = id == chosen});
  };
  for (const auto& facts : all_categories()) {
    if (!is_choice(facts.category)) add(facts.id);
  }
  add("unknown");
}

Result<Response> show_form(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto form = blank_form(reading);
  add_kinds(reading, form, "unknown");
  return html(reading, request, 200, services.site.report_form(reading.reader(), form));
}

/// The form again as it was filled in, with what to mend.
Response mend(const Reading& reading, const Request& request, int status, pages::ReportForm form,
              std::string_view kind, std::string_view alert_key) {
  form.alert = reading.text(alert_key);
  add_kinds(reading, form, kind);
  return html(reading, request, status, reading.services.site.report_form(reading.reader(), form));
}

}  // namespace

Response take_report(const Services& services, const Request& request, const ReportFields& fields,
                     const AttachPicture& attach) {
  const Reading reading{services, request};
  pages::ReportForm form;
  form.submission = fields.submission;
  form.what = fields.what;
  form.story = fields.story;
  form.contact = fields.contact;
  // Only a program fills the field that people do not see.
  if (fields.what.empty() || !fields.trap.empty()) {
    return mend(reading, request, 400, form, fields.kind, "public.report.error.empty");
  }
  cases::ReportDraft draft{
      .channel = cases::Channel::web,
      .text = fields.story.empty() ? fields.what : fields.what + "\n\n" + fields.story,
      .contact = fields.contact,
      .language = std::string{reading.lang},
      .submission = fields.submission};
  draft.category = parse_category(fields.kind);
  auto receipt = services.database.transact([&](store::Transaction& tx) -> Result<cases::Receipt> {
    auto taken = cases::receive_report(tx, services.cases, draft);
    if (!taken || !attach) return taken;
    if (auto attached = attach(tx, *taken); !attached) {
      return tl::unexpected<Error>{std::move(attached).error()};
    }
    return taken;
  });
  if (!receipt) {
    const auto& error = receipt.error();
    if (error.code == ErrorCode::limit_exceeded || error.code == ErrorCode::invalid_argument ||
        error.code == ErrorCode::malformed) {
      const bool picture = error.reason == "bad_picture" || error.reason == "file_too_large";
      return mend(reading, request, 400, form, fields.kind,
                  picture                                   ? "public.report.error.picture"
                  : error.code == ErrorCode::limit_exceeded ? "public.report.error.too_long"
                                                            : "public.report.error.empty");
    }
    return mend(reading, request, 503, form, fields.kind, "public.report.error.unavailable");
  }
  return html(reading, request, 201,
              services.site.received(reading.reader(),
                                     {.code = receipt->code, .number = receipt->case_number}));
}

namespace {

/// The state in the reporter's words. What was done about it outranks where the paper lies.
std::string state_word(const cases::ReporterView& view) {
  using cases::ReporterStepKind;
  using cases::ReportState;
  switch (view.state) {
    case ReportState::rejected: return "rejected";
    case ReportState::withdrawn: return "withdrawn";
    case ReportState::received:
    case ReportState::screening:
    case ReportState::quarantined: return "received";
    default: break;
  }
  for (auto step = view.steps.rbegin(); step != view.steps.rend(); ++step) {
    if (step->kind == ReporterStepKind::blocked) return "acted";
    if (step->kind == ReporterStepKind::lifted) return "lifted";
  }
  const bool over = view.state == ReportState::answered || view.state == ReportState::closed;
  return over ? "answered" : "in_work";
}

Result<Response> show_status(const Reading& reading, const Request& request,
                             const cases::ReporterView& view, const std::string& code) {
  const auto& services = reading.services;
  const auto word = state_word(view);
  const auto key = "public.state.report." + word;
  pages::ReportStatus page{.state = reading.text(key),
                           .explanation = reading.text(key + ".text"),
                           .tone = word == "acted"      ? pages::Tone::good
                                   : word == "rejected" ? pages::Tone::plain
                                                        : pages::Tone::wait,
                           .received = pages::moment_text(view.received_at_ms),
                           .number = view.case_number};
  for (const auto& id : view.orders) {
    auto entry = services.database.read(
        [&](store::Executor& db) { return cases::load_register_entry(db, id); });
    if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
    const auto order = order_page(reading, *entry);
    page.blocks.push_back({.name = order.name, .state = order.state, .order = order.number});
  }
  if (view.can_withdraw) page.withdraw_code = code;
  return html(reading, request, 200, services.site.status(reading.reader(), page));
}

Response wrong_code(const Reading& reading, const Request& request) {
  return html(reading, request, 404,
              reading.services.site.status_form(reading.reader(),
                                                reading.text("public.status.error.unknown")));
}

Result<Response> status_form(const Services& services, const Request& request) {
  const Reading reading{services, request};
  return html(reading, request, 200, services.site.status_form(reading.reader(), ""));
}

Result<Response> status(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  const auto code = field_of(*fields, "code");
  auto view =
      services.database.read([&](store::Executor& db) { return cases::report_status(db, code); });
  if (!view && view.error().code == ErrorCode::not_found) return wrong_code(reading, request);
  if (!view) return tl::unexpected<Error>{std::move(view).error()};
  return show_status(reading, request, *view, code);
}

Result<Response> withdraw(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  const auto code = field_of(*fields, "code");
  auto view = services.database.transact(
      [&](store::Transaction& tx) { return cases::withdraw_report(tx, services.cases, code); });
  if (!view && view.error().code == ErrorCode::not_found) return wrong_code(reading, request);
  if (!view) return tl::unexpected<Error>{std::move(view).error()};
  return show_status(reading, request, *view, code);
}

}  // namespace

void add_report_pages(Routes& routes, const Services& services) {
  routes.push_back(page_route(services, Method::get, "/", "read", show_form));
  routes.push_back(page_route(services, Method::get, "/status", "read", status_form));
  routes.push_back(page_route(services, Method::post, "/status", "code", status));
  routes.push_back(page_route(services, Method::post, "/status/withdraw", "code", withdraw));
  add_report_uploads(routes, services);
}

}  // namespace khien::api
