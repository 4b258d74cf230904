// Look-up, register, one order, the block page, objections, explanations.
#include "api/handler.h"
#include "api/listings.h"
#include "api/public_pages.h"
#include "api/services.h"
#include "cases/appeal.h"
#include "cases/number.h"
#include "pages/moment.h"
#include "publish/agreement.h"

namespace khien::api {
namespace {

using http::Method;
using http::Request;
using http::Response;

Result<Response> lookup(const Services& services, const Request& request) {
  const Reading reading{services, request};
  const auto question = query_of(request, "q");
  if (question.empty()) {
    return html(reading, request, 200, services.site.lookup(reading.reader(), "", nullptr));
  }
  auto found = services.database.read(
      [&](store::Executor& db) { return cases::look_up(db, services.cases.suffixes, question); });
  if (!found) {
    if (found.error().code != ErrorCode::malformed &&
        found.error().code != ErrorCode::limit_exceeded) {
      return tl::unexpected<Error>{std::move(found).error()};
    }
    return html(reading, request, 400,
                services.site.lookup(reading.reader(), question, nullptr,
                                     reading.text("public.lookup.error")));
  }
  auto listings = listing_pages(reading, found->name);
  if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
  const bool listed = !listings->empty() && !listings->front().choice;  // choices come last
  const std::string kind = !found->blocking.empty() ? "blocked"
                           : listed                 ? "listed"
                           : !found->past.empty()   ? "lifted"
                           : !listings->empty()     ? "choice"
                                                    : "unknown";
  pages::LookupResult result{.verdict = reading.text("public.lookup." + kind),
                             .explanation = reading.text("public.lookup." + kind + ".text")};
  if (!found->blocking.empty()) {
    result.tone = pages::Tone::bad;
    result.order = found->blocking.front().number;
  } else if (listed) {
    result.tone = pages::Tone::bad;
  } else if (!found->past.empty()) {
    result.tone = pages::Tone::wait;
    result.order = found->past.front().number;
  }
  result.listings = std::move(*listings);
  return html(reading, request, 200, services.site.lookup(reading.reader(), question, &result));
}

/// What the last comparison of register, log and zones came to.
pages::AgreementLine agreement_line(const Reading& reading,
                                    const std::optional<publish::AgreementState>& state) {
  if (!state) return {.words = reading.text("public.agreement.never"), .tone = pages::Tone::wait};
  const bool is_late =
      reading.services.clock.now_ms() - state->checked_at_ms > publish::agreement_late_ms;
  pages::AgreementLine line{.at = pages::moment_text(state->checked_at_ms)};
  if (state->difference_count > 0) {
    line.words = reading.text("public.agreement.differ");
    line.tone = pages::Tone::bad;
  } else {
    line.words = reading.text(is_late ? "public.agreement.late" : "public.agreement.agree");
    line.tone = is_late ? pages::Tone::wait : pages::Tone::good;
  }
  return line;
}

Result<Response> register_list(const Services& services, const Request& request) {
  const Reading reading{services, request};
  cases::PageRequest page;
  const auto after = query_of(request, "after");
  if (!after.empty()) {
    if (after.size() > 18 || after.find_first_not_of("0123456789") != std::string::npos) {
      return fail(ErrorCode::not_found, "no such page of the register");
    }
    page.before = std::stoll(after);
  }
  pages::RegisterPage view{.query = query_of(request, "q")};
  auto found =
      services.database.read([&](store::Executor& db) -> Result<cases::Page<cases::RegisterEntry>> {
        auto agreement = publish::load_agreement(db);
        if (!agreement) return tl::unexpected<Error>{std::move(agreement).error()};
        view.agreement = agreement_line(reading, *agreement);
        return cases::list_register(db, {.query = view.query}, page);
      });
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  for (const auto& entry : found->items) {
    const auto order = order_page(reading, entry);
    view.rows.push_back({.number = order.number,
                         .name = order.name,
                         .category = order.category,
                         .state = order.state,
                         .tone = order.tone,
                         .since = pages::date_text(entry.valid_from_ms),
                         .until = pages::date_text(entry.valid_until_ms)});
  }
  if (found->next) view.next = std::to_string(*found->next);
  return html(reading, request, 200, services.site.register_page(reading.reader(), view));
}

Result<Response> order(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto entry = services.database.read([&](store::Executor& db) -> Result<cases::RegisterEntry> {
    auto order = cases::find_order_by_number(db, request.parameter("number"));
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    return cases::load_register_entry(db, order->id);
  });
  if (!entry) return tl::unexpected<Error>{std::move(entry).error()};
  return html(reading, request, 200,
              services.site.order(reading.reader(), order_page(reading, *entry)));
}

/// /l/<qname>: what a resolver's answer links to.
Result<Response> block(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto view = block_page(reading, request.parameter("qname"));
  if (!view) return tl::unexpected<Error>{std::move(view).error()};
  return html(reading, request, 200, services.site.block(reading.reader(), *view));
}

Result<Response> objection_form(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto about = query_of(request, "order");
  if (about.empty()) about = query_of(request, "name");
  const auto listed_name = query_of(request, "list");
  const bool list = !listed_name.empty();
  if (list) about = listed_name;
  return html(
      reading, request, 200,
      services.site.objection_form(
          reading.reader(), {.submission = new_id_text(services.clock.now_ms(), services.rng),
                             .order = std::move(about),
                             .list = list}));
}

Result<Response> object(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  const cases::AppealDraft draft{.order = field_of(*fields, "order"),
                                 .text = field_of(*fields, "text"),
                                 .contact = field_of(*fields, "contact"),
                                 .language = std::string{reading.lang},
                                 .submission = field_of(*fields, "submission")};
  // Only a program fills the field that people do not see; it is thanked and nothing is kept.
  const bool is_program = !field_of(*fields, "website").empty();
  const bool about_list = field_of(*fields, "about") == "list";
  const auto again = [&](int status, std::string_view key) {
    return html(reading, request, status,
                services.site.objection_form(reading.reader(), {.alert = reading.text(key),
                                                                .submission = draft.submission,
                                                                .order = draft.order,
                                                                .list = about_list,
                                                                .text = draft.text,
                                                                .contact = draft.contact}));
  };
  if (is_program || draft.order.empty() || draft.text.empty()) {
    return again(400, "public.object.error.empty");
  }
  auto code = lodge_objection(services, draft, about_list ? Against::list : Against::either);
  if (!code) {
    if (code.error().reason == "already_excepted") {
      return again(409, "public.object.error.excepted");
    }
    const auto why = code.error().code;
    if (why == ErrorCode::not_found || why == ErrorCode::malformed) {
      return again(404, "public.object.error.unknown");
    }
    if (why == ErrorCode::invalid_argument || why == ErrorCode::limit_exceeded) {
      return again(400, "public.object.error.empty");
    }
    return tl::unexpected<Error>{std::move(code).error()};
  }
  return html(reading, request, 201, services.site.objection_received(reading.reader(), *code));
}

Result<Response> objection_status(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  std::string order_number;
  auto appeal = services.database.read([&](store::Executor& db) -> Result<cases::Appeal> {
    auto found = cases::appeal_status(db, field_of(*fields, "code"));
    if (!found) return found;
    auto order = cases::load_order(db, found->order);
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    order_number = order->number;
    return found;
  });
  if (!appeal) {
    if (appeal.error().code != ErrorCode::not_found) {
      return tl::unexpected<Error>{std::move(appeal).error()};
    }
    auto listing = listing_objection_page(reading, field_of(*fields, "code"));
    if (listing) {
      return html(reading, request, 200,
                  services.site.objection_status(reading.reader(), *listing));
    }
    if (listing.error().code != ErrorCode::not_found) {
      return tl::unexpected<Error>{std::move(listing).error()};
    }
    return html(
        reading, request, 404,
        services.site.objection_form(
            reading.reader(), {.alert = reading.text("public.status.error.unknown"),
                               .submission = new_id_text(services.clock.now_ms(), services.rng)}));
  }
  using cases::AppealState;
  std::string word = appeal->outcome ? std::string{cases::to_string(*appeal->outcome)}
                     : appeal->state == AppealState::lodged       ? "lodged"
                     : appeal->state == AppealState::inadmissible ? "inadmissible"
                                                                  : "admitted";
  const auto key = "public.state.appeal." + word;
  return html(reading, request, 200,
              services.site.objection_status(reading.reader(),
                                             {.state = reading.text(key),
                                              .explanation = reading.text(key + ".text"),
                                              .order = order_number,
                                              .lodged = pages::moment_text(appeal->lodged_at_ms),
                                              .answer = appeal->reason}));
}

Result<Response> help(const Services& services, const Request& request) {
  const Reading reading{services, request};
  return html(reading, request, 200, services.site.help(reading.reader()));
}

}  // namespace

Result<pages::BlockPage> block_page(const Reading& reading, std::string_view name) {
  const auto& services = reading.services;
  pages::BlockPage view{.name = std::string{name}};
  auto found = services.database.read(
      [&](store::Executor& db) { return cases::look_up(db, services.cases.suffixes, name); });
  if (!found) return tl::unexpected<Error>{std::move(found).error()};
  for (const auto& entry : found->blocking) view.orders.push_back(order_page(reading, entry));
  auto listings = listing_pages(reading, found->name);
  if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
  view.listings = std::move(*listings);
  view.lists_known = services.holdings != nullptr;
  return view;
}

void add_register_pages(Routes& routes, const Services& services) {
  routes.push_back(page_route(services, Method::get, "/lookup", "read", lookup));
  routes.push_back(page_route(services, Method::get, "/register", "read", register_list));
  routes.push_back(page_route(services, Method::get, "/register/{number}", "read", order));
  routes.push_back(page_route(services, Method::get, "/l/{qname}", "read", block));
  routes.push_back(page_route(services, Method::get, "/object", "read", objection_form));
  routes.push_back(page_route(services, Method::post, "/object", "appeal", object));
  routes.push_back(page_route(services, Method::post, "/object/status", "code", objection_status));
  routes.push_back(page_route(services, Method::get, "/help", "read", help));
}

}  // namespace khien::api
