#include "probe/statement.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/id.h"
#include "codec/rfc3339.h"

namespace khien::probe {
namespace {

using codec::Json;

constexpr std::size_t depth_max = 8;
constexpr std::array<std::string_view, 4> silences{"timeout", "unreachable", "malformed",
                                                   "not_asked"};
constexpr std::int64_t u16_max = std::numeric_limits<std::uint16_t>::max();
constexpr std::int64_t u32_max = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t rcode_max = 4'095;  // with EDNS's extension, RFC 6891 section 6.1.3

tl::unexpected<Error> bad(std::string_view what, std::string_view reason = "bad_field") {
  return fail(ErrorCode::malformed, "the statement: " + std::string{what}, std::string{reason});
}

// ---- writing

Json told_json(const Told& told) {
  if (!told) return Json::object({{"silence", to_string(told.error())}});
  auto json = Json::object({{"rcode", told->rcode},
                            {"answers", static_cast<std::int64_t>(told->answer_count)},
                            {"ms", told->took_ms}});
  if (told->extended_error) json.set("ede", *told->extended_error);
  if (!told->addresses.empty()) {
    Json::Array addresses;
    for (const auto& address : told->addresses) addresses.emplace_back(to_string(address));
    json.set("addresses", Json{std::move(addresses)});
  }
  if (told->rpz_soa) json.set("rpz", true);
  if (told->truncated) json.set("truncated", true);
  return json;
}

Json name_json(const NameTold& name) {
  auto json = Json::object({{"name", name.name}, {"told", told_json(name.told)}});
  if (name.parent) json.set("parent", told_json(*name.parent));
  if (name.sibling) json.set("sibling", told_json(*name.sibling));
  return json;
}

Json resolver_json(const ResolverTold& resolver) {
  Json::Array serials;
  for (const auto& one : resolver.serials) {
    serials.push_back(Json::object({{"zone", one.zone}, {"serial", one.serial}}));
  }
  Json::Array canaries;
  for (const auto& one : resolver.canaries) {
    canaries.push_back(Json::object({{"name", one.name}, {"told", told_json(one.told)}}));
  }
  Json::Array names;
  for (const auto& one : resolver.names) names.push_back(name_json(one));
  auto json = Json::object({{"resolver", to_string(resolver.resolver)},
                            {"serials", Json{std::move(serials)}},
                            {"canaries", Json{std::move(canaries)}},
                            {"names", Json{std::move(names)}}});
  if (resolver.nonce) json.set("nonce", told_json(*resolver.nonce));
  return json;
}

// ---- reading

Result<std::int64_t> number_at(const Json& json, std::string_view key, std::int64_t most) {
  auto number = json.integer_at(key);
  if (number && (*number < 0 || *number > most)) return bad(std::string{key} + " is out of bounds");
  return number;
}

Result<Told> silence_from(const Json& json) {
  if (auto known = json.only({"silence"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto word = json.text_at("silence");
  if (!word) return tl::unexpected<Error>{std::move(word).error()};
  const auto* found = std::ranges::find(silences, *word);
  if (found == silences.end()) return bad("silence is none of the known words");
  return Told{tl::unexpected(static_cast<Silence>(found - silences.begin()))};
}

Result<std::vector<net::IpAddress>> addresses_of(const Json& json) {
  if (json.find("addresses") == nullptr) return std::vector<net::IpAddress>{};
  auto texts = json.texts_at("addresses");
  if (!texts) return tl::unexpected<Error>{std::move(texts).error()};
  if (texts->size() > observed_addresses_max) return bad("addresses is too long", "too_many_rows");
  std::vector<net::IpAddress> addresses;
  for (const auto& text : *texts) {
    const auto address = net::IpAddress::parse(text);
    if (!address) return bad("addresses holds what is none");
    addresses.push_back(*address);
  }
  return addresses;
}

Result<Told> told_from(const Json& json) {
  if (!json.is_object()) return bad("an answer is no object");
  if (json.find("silence") != nullptr) return silence_from(json);
  if (auto known = json.only({"rcode", "answers", "addresses", "ms", "ede", "rpz", "truncated"});
      !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto rcode = number_at(json, "rcode", rcode_max);
  if (!rcode) return tl::unexpected<Error>{std::move(rcode).error()};
  auto answers = number_at(json, "answers", u16_max);
  if (!answers) return tl::unexpected<Error>{std::move(answers).error()};
  auto took_ms = number_at(json, "ms", round_time_max_ms);
  if (!took_ms) return tl::unexpected<Error>{std::move(took_ms).error()};
  auto ede = json.optional_integer_at("ede");
  if (!ede) return tl::unexpected<Error>{std::move(ede).error()};
  if (*ede && (**ede < 0 || **ede > u16_max)) return bad("ede is out of bounds");
  auto rpz = json.optional_boolean_at("rpz");
  if (!rpz) return tl::unexpected<Error>{std::move(rpz).error()};
  auto truncated = json.optional_boolean_at("truncated");
  if (!truncated) return tl::unexpected<Error>{std::move(truncated).error()};
  Observation seen{.rcode = static_cast<std::uint16_t>(*rcode),
                   .answer_count = static_cast<std::size_t>(*answers),
                   .truncated = truncated->value_or(false)};
  auto addresses = addresses_of(json);
  if (!addresses) return tl::unexpected<Error>{std::move(addresses).error()};
  seen.addresses = std::move(*addresses);
  if (*ede) seen.extended_error = static_cast<std::uint16_t>(**ede);
  seen.rpz_soa = rpz->value_or(false);
  seen.took_ms = *took_ms;
  return Told{std::move(seen)};
}

Result<std::optional<Told>> optional_told_at(const Json& json, std::string_view key) {
  const Json* found = json.find(key);
  if (found == nullptr) return std::optional<Told>{};
  auto told = told_from(*found);
  if (!told) return tl::unexpected<Error>{std::move(told).error()};
  return std::optional<Told>{std::move(*told)};
}

Result<Told> told_at(const Json& json) {
  const Json* found = json.find("told");
  if (found == nullptr) return bad("told is missing");
  return told_from(*found);
}

Result<std::string> plain_name_at(const Json& json, std::string_view key) {
  auto name = json.text_at(key);
  if (name && !is_plain_name(*name)) return bad(std::string{key} + " is no name");
  return name;
}

Result<NameTold> name_from(const Json& json) {
  if (auto known = json.only({"name", "told", "parent", "sibling"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  NameTold told;
  auto name = plain_name_at(json, "name");
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  told.name = std::move(*name);
  auto itself = told_at(json);
  if (!itself) return tl::unexpected<Error>{std::move(itself).error()};
  told.told = std::move(*itself);
  auto parent = optional_told_at(json, "parent");
  if (!parent) return tl::unexpected<Error>{std::move(parent).error()};
  told.parent = std::move(*parent);
  auto sibling = optional_told_at(json, "sibling");
  if (!sibling) return tl::unexpected<Error>{std::move(sibling).error()};
  told.sibling = std::move(*sibling);
  return told;
}

Result<CanaryTold> canary_from(const Json& json) {
  if (auto known = json.only({"name", "told"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto name = plain_name_at(json, "name");
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto told = told_at(json);
  if (!told) return tl::unexpected<Error>{std::move(told).error()};
  return CanaryTold{.name = std::move(*name), .told = std::move(*told)};
}

Result<SerialTold> serial_from(const Json& json) {
  if (auto known = json.only({"zone", "serial"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto zone = plain_name_at(json, "zone");
  if (!zone) return tl::unexpected<Error>{std::move(zone).error()};
  auto serial = number_at(json, "serial", u32_max);
  if (!serial) return tl::unexpected<Error>{std::move(serial).error()};
  return SerialTold{.zone = std::move(*zone), .serial = *serial};
}

template <typename Row>
Result<std::vector<Row>> rows_at(const Json& json, std::string_view key, std::size_t most,
                                 Result<Row> (*read)(const Json&)) {
  auto items = json.array_at(key);
  if (!items) return tl::unexpected<Error>{std::move(items).error()};
  if (items->size() > most) return bad(std::string{key} + " has too many rows", "too_many_rows");
  std::vector<Row> rows;
  rows.reserve(items->size());
  for (const auto& item : *items) {
    auto row = read(item);
    if (!row) return propagate(std::move(row).error(), key);
    rows.push_back(std::move(*row));
  }
  return rows;
}

Result<ResolverTold> resolver_from(const Json& json) {
  if (auto known = json.only({"resolver", "serials", "canaries", "nonce", "names"}); !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  ResolverTold told;
  auto written = json.text_at("resolver");
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  const auto address = net::SocketAddress::parse(*written);
  if (!address) return bad("resolver is no address with a port");
  told.resolver = *address;
  auto serials = rows_at<SerialTold>(json, "serials", work_zones_max, serial_from);
  if (!serials) return tl::unexpected<Error>{std::move(serials).error()};
  told.serials = std::move(*serials);
  auto canaries = rows_at<CanaryTold>(json, "canaries", work_canaries_max, canary_from);
  if (!canaries) return tl::unexpected<Error>{std::move(canaries).error()};
  told.canaries = std::move(*canaries);
  auto names = rows_at<NameTold>(json, "names", work_names_max, name_from);
  if (!names) return tl::unexpected<Error>{std::move(names).error()};
  told.names = std::move(*names);
  auto nonce = optional_told_at(json, "nonce");
  if (!nonce) return tl::unexpected<Error>{std::move(nonce).error()};
  told.nonce = std::move(*nonce);
  return told;
}

Result<InstantMs> instant_at(const Json& json, std::string_view key) {
  auto text = json.text_at(key);
  if (!text) return tl::unexpected<Error>{std::move(text).error()};
  const auto at_ms = text->ends_with('Z') ? codec::read_rfc3339(*text) : std::nullopt;
  if (!at_ms) return bad("a time is written 2026-11-27T18:05:00Z", "bad_time");
  return *at_ms;
}

Result<Statement> head_from(const Json& json) {
  if (auto known = json.only({"version", "run", "from", "to", "program", "resolvers", "control"});
      !known) {
    return tl::unexpected<Error>{std::move(known).error()};
  }
  auto version = json.integer_at("version");
  if (!version) return tl::unexpected<Error>{std::move(version).error()};
  if (*version != 1) return bad("only version 1 is known here", "bad_version");
  Statement statement;
  auto run = json.text_at("run");
  if (!run) return tl::unexpected<Error>{std::move(run).error()};
  if (!is_id_text(*run)) return bad("run is no id");
  statement.run = std::move(*run);
  auto from_ms = instant_at(json, "from");
  if (!from_ms) return tl::unexpected<Error>{std::move(from_ms).error()};
  auto to_ms = instant_at(json, "to");
  if (!to_ms) return tl::unexpected<Error>{std::move(to_ms).error()};
  if (*to_ms < *from_ms || *to_ms - *from_ms > round_time_max_ms) {
    return bad("the round ends before it begins, or is longer than two hours", "bad_time");
  }
  statement.from_ms = *from_ms;
  statement.to_ms = *to_ms;
  auto program = json.text_at("program");
  if (!program) return tl::unexpected<Error>{std::move(program).error()};
  const bool is_plain = std::ranges::all_of(*program, [](char c) { return c >= ' ' && c < 0x7F; });
  if (program->size() > program_size_max || !is_plain) return bad("program is too long");
  statement.program = std::move(*program);
  return statement;
}

}  // namespace

std::string_view to_string(Silence silence) noexcept {
  return silences[static_cast<std::size_t>(silence)];
}

Json to_json(const Statement& statement) {
  Json::Array resolvers;
  for (const auto& resolver : statement.resolvers) resolvers.push_back(resolver_json(resolver));
  auto json = Json::object({{"version", 1},
                            {"run", statement.run},
                            {"from", codec::write_rfc3339(statement.from_ms)},
                            {"to", codec::write_rfc3339(statement.to_ms)},
                            {"program", statement.program},
                            {"resolvers", Json{std::move(resolvers)}}});
  if (statement.control) json.set("control", resolver_json(*statement.control));
  return json;
}

Result<Statement> parse_statement(std::string_view text) {
  auto json = Json::parse(text, {.size_max = statement_size_max, .depth_max = depth_max});
  if (!json || !json->is_object()) return bad("no JSON object", "not_json");
  auto statement = head_from(*json);
  if (!statement) return statement;
  auto resolvers = rows_at<ResolverTold>(*json, "resolvers", work_resolvers_max, resolver_from);
  if (!resolvers) return tl::unexpected<Error>{std::move(resolvers).error()};
  statement->resolvers = std::move(*resolvers);
  if (const Json* control = json->find("control")) {
    auto told = resolver_from(*control);
    if (!told) return propagate(std::move(told).error(), "control");
    statement->control = std::move(*told);
  }
  return statement;
}

}  // namespace khien::probe
