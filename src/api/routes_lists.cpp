#include "api/routes_lists.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "api/handler.h"
#include "codec/json.h"
#include "codec/rfc3339.h"
#include "exchange/signed_list.h"
#include "http/range.h"
#include "http/static_files.h"
#include "publish/list_delta.h"
#include "publish/list_shelf.h"

namespace khien::api {
namespace {

using codec::Json;
using exchange::ListOutput;
using http::Request;
using http::Response;
using publish::ListFacts;
using publish::ListShelf;

constexpr std::string_view delta_ending = ".delta.json";
constexpr std::string_view text_type = "text/plain; charset=utf-8";
constexpr std::string_view key_file = "khien.pub";

tl::unexpected<Error> no_such_list() {
  return fail(ErrorCode::not_found, "there is no such list; /lists/index.json names them all",
              "no_such_list");
}

/// What is not kept is gone, and the answer says what to take instead; "try later" has a time.
Response list_problem(const Error& error) {
  const bool gone = error.reason == "history_too_short" || error.reason == "delta_too_large" ||
                    error.reason == "no_such_version";
  const bool ours = error.code == ErrorCode::limit_exceeded && !gone;  // 429 would be the asker's
  auto response = http::problem(error, gone ? 410 : ours ? 503 : 0);
  if (error.code == ErrorCode::unavailable) response.headers.set("Retry-After", "5");
  return response;
}

/// Everything here may be kept, but is asked for again each time: a lift counts at once.
void set_validators(Response& response, std::string_view etag) {
  response.headers.set("ETag", etag);
  response.headers.set("Cache-Control", "public, no-cache");
}

Response small_text(const Request& request, std::string_view type, std::string text,
                    const std::string& etag) {
  if (http::matches_etag(request, etag)) {
    auto unchanged = http::respond(304, type, "");
    set_validators(unchanged, etag);
    return unchanged;
  }
  auto response = http::respond(200, type, std::move(text));
  set_validators(response, etag);
  return response;
}

Json index_entry(const Services& services, ListShelf& shelf, const ListFacts& list) {
  const auto contents = shelf.contents(list);
  const auto base = services.public_url + "/lists/" + list.id;
  Json files = Json::object();
  for (const auto output : publish::outputs_of(list)) {
    const auto word = std::string{exchange::to_string(output)};
    files.set(word, base + "." + word);
  }
  auto entry = Json::object({{"list", list.id},
                             {"serial", static_cast<std::int64_t>(contents.serial)},
                             {"names", static_cast<std::int64_t>(contents.names)},
                             {"life_s", list.life_ms / ms_per_second},
                             {"update_hours", list.update_hours},
                             {"files", std::move(files)}});
  if (list.is_zone()) entry.set("delta", base + std::string{delta_ending});
  return entry;
}

Result<Response> index(const Services& services, ListShelf& shelf, const Request&) {
  Json::Array lists;
  for (const auto* list : shelf.offered()) lists.push_back(index_entry(services, shelf, *list));
  auto response = json(
      200,
      Json::object({{"format", "khien.lists.1"},
                    {"public_key", shelf.public_key().text()},
                    {"public_key_id", shelf.public_key().id_text()},
                    {"public_key_file", services.public_url + "/lists/" + std::string{key_file}},
                    {"lists", Json{std::move(lists)}}}));
  response.headers.set("Cache-Control", "public, no-cache");
  return response;
}

/// The serial in a query, or nothing where it is not given.
Result<std::optional<std::uint32_t>> serial_of(const Request& request, std::string_view name) {
  const auto text = request.query_value(name);
  if (!text) return std::optional<std::uint32_t>{};
  std::uint32_t serial = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), serial);
  if (text->empty() || error != std::errc{} || end != text->data() + text->size()) {
    return fail(ErrorCode::invalid_argument,
                std::string{name} + " is the serial of a zone, 0 to 4294967295", "bad_serial");
  }
  return std::optional{serial};
}

enum class Part : std::uint8_t { content, signature };

Result<Response> delta(ListShelf& shelf, const Request& request, std::string_view list, Part part) {
  const auto* facts = shelf.find(list);
  if (facts == nullptr || !facts->is_zone()) return no_such_list();
  const auto from = serial_of(request, "from");
  if (!from) return tl::unexpected<Error>{from.error()};
  const auto to = serial_of(request, "to");
  if (!to) return tl::unexpected<Error>{to.error()};
  // A signature without an end would be of another delta as soon as the zone changes.
  if (!*from || (part == Part::signature && !*to)) {
    return fail(ErrorCode::invalid_argument,
                part == Part::signature ? "say from= and to= of the delta that you have"
                                        : "say from= with the serial of the list that you have",
                "bad_serial");
  }
  const auto& zone = *facts->zones.front();
  auto read = publish::read_delta(shelf.zones(), zone, **from, *to);
  if (!read) return tl::unexpected<Error>{std::move(read).error()};
  auto text = publish::delta_text(zone, *read);
  if (part == Part::signature) {
    const auto file = zone.id + std::string{delta_ending};
    auto response = http::respond(200, text_type, shelf.sign(text, file, read->to, facts->life_ms));
    response.headers.set("Cache-Control", "no-store");
    return response;
  }
  const auto etag = "\"" + std::to_string(read->from) + "-" + std::to_string(read->to) + "\"";
  auto response = small_text(request, "application/json", std::move(text), etag);
  http::apply_range(request, response);
  return response;
}

Response list_file(const Request& request, publish::OpenEdition open, ListOutput output) {
  const auto etag = "\"" + open.edition.version + "\"";
  auto response = small_text(request, exchange::content_type_of(output), "", etag);
  if (response.status == 304) return response;
  response.headers.set("X-Khien-Serial", std::to_string(open.edition.serial));
  response.headers.set("X-Khien-Expires", codec::write_rfc3339(open.edition.expires_at_ms));
  response.file =
      std::make_unique<http::FileBody>(std::move(open.file), open.edition.size, std::uint64_t{0});
  http::apply_range(request, response);
  return response;
}

/// `name` is LIST.FORMAT.
Result<Response> list(ListShelf& shelf, const Request& request, std::string_view name, Part part) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos) return no_such_list();
  const auto* facts = shelf.find(name.substr(0, dot));
  const auto output = exchange::parse_list_output(name.substr(dot + 1));
  if (facts == nullptr || !output) return no_such_list();
  const auto outputs = publish::outputs_of(*facts);
  if (std::ranges::find(outputs, *output) == outputs.end()) return no_such_list();
  const auto wanted = request.query_value("version");
  auto open = wanted ? shelf.version(*facts, *output, *wanted) : shelf.newest(*facts, *output);
  if (!open) return tl::unexpected<Error>{std::move(open).error()};
  if (part == Part::content) return list_file(request, std::move(*open), *output);
  const auto etag = "\"" + open->edition.version + ".minisig\"";
  return small_text(request, text_type, std::move(open->edition.signature), etag);
}

Result<Response> one_file(const Services& services, ListShelf& shelf, const Request& request) {
  auto name = request.parameter("file");
  if (name == "index.json") return index(services, shelf, request);
  if (name == key_file) {
    return small_text(request, text_type, shelf.public_key().file_text(),
                      "\"" + shelf.public_key().id_text() + "\"");
  }
  auto part = Part::content;
  if (name.ends_with(exchange::signature_ending)) {
    name.remove_suffix(exchange::signature_ending.size());
    part = Part::signature;
  }
  if (name.ends_with(delta_ending)) {
    name.remove_suffix(delta_ending.size());
    return delta(shelf, request, name, part);
  }
  return list(shelf, request, name, part);
}

using ListHandle = Result<Response> (*)(const Services&, ListShelf&, const Request&);

http::Route list_route(const Services& services, std::string path, ListHandle handle) {
  http::Route route;
  route.method = http::Method::get;
  route.path = std::move(path);
  route.permission = "public";
  route.rate_class = "list";
  route.handler = [&services, handle](const Request& request) -> Response {
    if (services.lists == nullptr) {
      return list_problem({.code = ErrorCode::unavailable,
                           .message = "lists are given out by the khiend with the role publisher: "
                                      "ask that one",
                           .reason = "lists_elsewhere"});
    }
    auto response = handle(services, *services.lists, request);
    return response ? std::move(*response) : list_problem(response.error());
  };
  return route;
}

}  // namespace

void add_list_routes(std::vector<http::Route>& routes, const Services& services) {
  routes.push_back(list_route(services, "/lists/{file}", one_file));
}

}  // namespace khien::api
