// The page of a provider's people: what is not as ordered on their lines, and their answer. Behind
// a code that travels in a form, never in an address; no account, no script.
#include "api/public_pages.h"
#include "api/routes_probes.h"
#include "api/services.h"
#include "pages/moment.h"
#include "text/host.h"

namespace khien::api {
namespace {

using http::Method;
using http::Request;
using http::Response;

constexpr std::int64_t lines_max = 100;  // shown of one task

/// A task with what it is about and whose it is.
struct Found {
  providers::Task task;
  std::vector<providers::TaskItem> items;
  std::string provider;
};

Result<Found> find_task(store::Executor& db, std::string_view code) {
  auto task = providers::task_of_code(db, code);
  if (!task) return tl::unexpected<Error>{std::move(task).error()};
  auto provider = providers::load_provider(db, task->provider);
  if (!provider) return tl::unexpected<Error>{std::move(provider).error()};
  auto items = providers::list_items(db, task->id, lines_max);
  if (!items) return tl::unexpected<Error>{std::move(items).error()};
  return Found{
      .task = std::move(*task), .items = std::move(*items), .provider = std::move(provider->title)};
}

pages::Tone tone_of(providers::TaskState state) noexcept {
  switch (state) {
    case providers::TaskState::open: return pages::Tone::bad;
    case providers::TaskState::answered:
    case providers::TaskState::disputed: return pages::Tone::wait;
    case providers::TaskState::closed: return pages::Tone::good;
  }
  return pages::Tone::plain;
}

std::string filled(std::string text, std::string_view key, std::string_view value) {
  if (const auto at = text.find(key); at != std::string::npos) text.replace(at, key.size(), value);
  return text;
}

pages::ProviderTaskPage page_of(const Reading& reading, const Found& found,
                                const std::string& code) {
  const auto& task = found.task;
  const auto key = "public.provider.state." + std::string{to_string(task.state)};
  pages::ProviderTaskPage page{
      .provider = found.provider,
      .state = reading.text(key),
      .explanation = reading.text(key + ".text"),
      .tone = tone_of(task.state),
      .due = pages::moment_text(task.due_at_ms),
      .answer = task.officer_answer.empty() ? task.answer : task.officer_answer};
  for (const auto& item : found.items) {
    const std::string verdict = item.is_done ? "done" : item.verdict;
    page.lines.push_back({.name = text::host_for_display(item.name),
                          .expected = reading.text("public.provider.expected." +
                                                   std::string{to_string(item.expected)}),
                          .since = pages::moment_text(item.since_ms),
                          .seen = reading.text("public.provider.verdict." + verdict),
                          .seen_at = pages::moment_text(item.seen_at_ms),
                          .order = item.order_number});
  }
  const auto left = task.items - static_cast<std::int64_t>(found.items.size());
  if (left > 0) {
    page.more = filled(reading.text("public.provider.more"), "{{count}}", std::to_string(left));
  }
  if (task.state != providers::TaskState::closed) page.code = code;
  return page;
}

Response unknown_code(const Reading& reading, const Request& request) {
  return html(reading, request, 404,
              reading.services.site.provider_form(reading.reader(),
                                                  reading.text("public.status.error.unknown")));
}

Result<Response> form(const Services& services, const Request& request) {
  const Reading reading{services, request};
  return html(reading, request, 200, services.site.provider_form(reading.reader(), ""));
}

/// The page of `code`, with what to mend if something was wrong with an answer.
Result<Response> show(const Reading& reading, const Request& request, const std::string& code,
                      int status, std::string_view alert_key) {
  const auto& services = reading.services;
  auto found = services.database.read([&](store::Executor& db) { return find_task(db, code); });
  if (!found) {
    if (found.error().code == ErrorCode::not_found) return unknown_code(reading, request);
    return tl::unexpected<Error>{std::move(found).error()};
  }
  auto page = page_of(reading, *found, code);
  if (!alert_key.empty()) page.alert = reading.text(alert_key);
  return html(reading, request, status, services.site.provider_task(reading.reader(), page));
}

Result<Response> task(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  return show(reading, request, field_of(*fields, "code"), 200, "");
}

Result<Response> answer(const Services& services, const Request& request) {
  const Reading reading{services, request};
  auto fields = form_of(request);
  if (!fields) return tl::unexpected<Error>{std::move(fields).error()};
  const auto code = field_of(*fields, "code");
  const bool disputes = field_of(*fields, "answer") == "disputed";
  auto answered = services.database.transact([&](store::Transaction& tx) {
    return providers::answer_task(tx, providers_context(services), code,
                                  disputes ? providers::Answer::disputed : providers::Answer::done,
                                  field_of(*fields, "text"));
  });
  if (answered) return show(reading, request, code, 200, "");
  switch (answered.error().code) {
    case ErrorCode::not_found: return unknown_code(reading, request);
    case ErrorCode::conflict:
      if (answered.error().reason != "closed") break;
      return show(reading, request, code, 409, "public.provider.error.closed");
    case ErrorCode::invalid_argument:
    case ErrorCode::limit_exceeded:
    case ErrorCode::malformed:
      return show(reading, request, code, 400, "public.provider.error.empty");
    default: break;
  }
  return tl::unexpected<Error>{std::move(answered).error()};
}

}  // namespace

void add_provider_pages(Routes& routes, const Services& services) {
  routes.push_back(page_route(services, Method::get, "/provider", "read", form));
  routes.push_back(page_route(services, Method::post, "/provider", "code", task));
  routes.push_back(page_route(services, Method::post, "/provider/answer", "code", answer));
}

}  // namespace khien::api
