#include "probe/work.h"

#include <algorithm>

#include "base/id.h"
#include "dns/name.h"

namespace khien::probe {
namespace {

using codec::Json;

constexpr std::size_t depth_max = 4;

tl::unexpected<Error> bad(std::string_view what) {
  return fail(ErrorCode::malformed, "the work list: " + std::string{what}, "bad_work");
}

Result<std::int64_t> number_at(const Json& json, std::string_view key, std::int64_t least,
                               std::int64_t most) {
  auto number = json.integer_at(key);
  if (!number) return number;
  if (*number < least || *number > most) return bad(std::string{key} + " is out of bounds");
  return number;
}

Result<std::vector<std::string>> names_at(const Json& json, std::string_view key,
                                          std::size_t most) {
  auto names = json.texts_at(key);
  if (!names) return names;
  if (names->size() > most) return bad(std::string{key} + " is too long");
  if (!std::ranges::all_of(*names, is_plain_name)) {
    return bad(std::string{key} + " holds what is no name");
  }
  return names;
}

Result<std::vector<net::SocketAddress>> resolvers_at(const Json& json) {
  auto texts = json.texts_at("resolvers");
  if (!texts) return tl::unexpected<Error>{std::move(texts).error()};
  if (texts->size() > work_resolvers_max) return bad("resolvers is too long");
  std::vector<net::SocketAddress> addresses;
  for (const auto& text : *texts) {
    const auto address = net::SocketAddress::parse(text);
    if (!address || address->port == 0) return bad("a resolver is no address with a port");
    addresses.push_back(*address);
  }
  return addresses;
}

Result<WorkName> parse_name(const Json& item) {
  if (auto known = item.only({"name", "expected", "neighbours"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto name = item.text_at("name");
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  if (!is_plain_name(*name)) return bad("names holds what is no name");
  auto word = item.text_at("expected");
  if (!word) return tl::unexpected<Error>{std::move(word).error()};
  const auto expected = parse_expected(*word);
  if (!expected) return bad("expected is blocked or resolving");
  auto neighbours = item.boolean_at("neighbours");
  if (!neighbours) return tl::unexpected<Error>{std::move(neighbours).error()};
  return WorkName{.name = std::move(*name),
                  .expected = *expected,
                  .neighbours = *neighbours ? Neighbours::ask : Neighbours::leave};
}

Result<void> parse_lists(const Json& json, Work& work) {
  auto resolvers = resolvers_at(json);
  if (!resolvers) return tl::unexpected<Error>{std::move(resolvers).error()};
  work.resolvers = std::move(*resolvers);
  auto canaries = names_at(json, "canaries", work_canaries_max);
  if (!canaries) return tl::unexpected<Error>{std::move(canaries).error()};
  work.canaries = std::move(*canaries);
  auto zones = names_at(json, "zones", work_zones_max);
  if (!zones) return tl::unexpected<Error>{std::move(zones).error()};
  work.zones = std::move(*zones);
  auto names = json.array_at("names");
  if (!names) return tl::unexpected<Error>{std::move(names).error()};
  if (names->size() > work_names_max) return bad("names is too long");
  for (const auto& item : *names) {
    auto name = parse_name(item);
    if (!name) return tl::unexpected<Error>{std::move(name).error()};
    work.names.push_back(std::move(*name));
  }
  return {};
}

Result<void> parse_pace(const Json& json, Work& work) {
  auto next_s = number_at(json, "next_s", round_interval_min_s, round_interval_max_s);
  if (!next_s) return tl::unexpected<Error>{std::move(next_s).error()};
  auto pace = number_at(json, "questions_a_second", 1, questions_a_second_max);
  if (!pace) return tl::unexpected<Error>{std::move(pace).error()};
  auto timeout_ms = number_at(json, "timeout_ms", 1, question_timeout_max_ms);
  if (!timeout_ms) return tl::unexpected<Error>{std::move(timeout_ms).error()};
  work.next_s = *next_s;
  work.questions_a_second = *pace;
  work.timeout_ms = *timeout_ms;
  return {};
}

Result<void> parse_optionals(const Json& json, Work& work) {
  auto control = json.optional_text_at("control");
  if (!control) return tl::unexpected<Error>{std::move(control).error()};
  if (*control) {
    const auto address = net::SocketAddress::parse(**control);
    if (!address || address->port == 0) return bad("control is no address with a port");
    work.control = *address;
  }
  auto nonce = json.optional_text_at("nonce");
  if (!nonce) return tl::unexpected<Error>{std::move(nonce).error()};
  if (*nonce && !is_plain_name(**nonce)) return bad("nonce is no name");
  work.nonce = std::move(*nonce);
  return {};
}

}  // namespace

std::string_view to_string(Expected expected) noexcept {
  return expected == Expected::blocked ? "blocked" : "resolving";
}

std::optional<Expected> parse_expected(std::string_view word) noexcept {
  if (word == "blocked") return Expected::blocked;
  if (word == "resolving") return Expected::resolving;
  return std::nullopt;
}

bool is_plain_name(std::string_view name) noexcept {
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
  return plain && !name.ends_with('.') && dns::Name::from_text(name).has_value();
}

Json to_json(const Work& work) {
  Json::Array resolvers;
  for (const auto& resolver : work.resolvers) resolvers.emplace_back(to_string(resolver));
  Json::Array names;
  for (const auto& name : work.names) {
    names.push_back(Json::object({{"name", name.name},
                                  {"expected", to_string(name.expected)},
                                  {"neighbours", name.neighbours == Neighbours::ask}}));
  }
  Json::Array canaries{work.canaries.begin(), work.canaries.end()};
  Json::Array zones{work.zones.begin(), work.zones.end()};
  auto json = Json::object({{"version", 1},
                            {"id", work.id},
                            {"next_s", work.next_s},
                            {"questions_a_second", work.questions_a_second},
                            {"timeout_ms", work.timeout_ms},
                            {"resolvers", Json{std::move(resolvers)}},
                            {"names", Json{std::move(names)}},
                            {"canaries", Json{std::move(canaries)}},
                            {"zones", Json{std::move(zones)}}});
  if (work.control) json.set("control", to_string(*work.control));
  if (work.nonce) json.set("nonce", *work.nonce);
  return json;
}

Result<Work> parse_work(std::string_view text) {
  auto json = Json::parse(text, {.size_max = work_size_max, .depth_max = depth_max});
  if (!json) return tl::unexpected<Error>{std::move(json).error()};
  if (!json->is_object()) return bad("no JSON object");
  auto known = json->only({"version", "id", "next_s", "questions_a_second", "timeout_ms",
                           "resolvers", "control", "names", "canaries", "zones", "nonce"});
  if (!known) return tl::unexpected<Error>{std::move(known).error()};
  const auto version = json->integer_at("version");
  if (!version || *version != 1) return bad("of another version: is this program up to date?");
  Work work;
  auto id = json->text_at("id");
  if (!id) return tl::unexpected<Error>{std::move(id).error()};
  if (!is_id_text(*id)) return bad("id is none");
  work.id = std::move(*id);
  for (const auto step : {parse_pace, parse_lists, parse_optionals}) {
    if (auto done = step(*json, work); !done) return tl::unexpected<Error>{std::move(done).error()};
  }
  return work;
}

}  // namespace khien::probe
