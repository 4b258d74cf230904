#include "publish/control_protocol.h"

#include "publish/set_names.h"

#include <algorithm>
#include <array>

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::int64_t protocol_version = 1;
constexpr std::array<std::string_view, 7> commands{"status", "stop",    "resume", "rollback",
                                                   "held",   "release", "reject"};
constexpr std::array all_codes{ErrorCode::invalid_argument, ErrorCode::malformed,
                               ErrorCode::not_found,        ErrorCode::conflict,
                               ErrorCode::denied,           ErrorCode::limit_exceeded,
                               ErrorCode::unavailable,      ErrorCode::timeout,
                               ErrorCode::corrupt,          ErrorCode::internal};

Json failed(const Error& error) {
  return Json::object({{"v", protocol_version},
                       {"error", Json::object({{"code", to_string(error.code)},
                                               {"reason", error.reason},
                                               {"message", error.message}})}});
}

Json done(Json content) {
  return Json::object({{"v", protocol_version}, {"result", std::move(content)}});
}

Json stopped_json(const std::set<std::string>& stopped) {
  Json zones = Json::array();
  for (const auto& zone : stopped) zones.push(zone);
  return zones;
}

Json pair_json(const PairStatus& pair) {
  Json others = Json::array();
  for (const PairStatus::Other& other : pair.others) {
    others.push(Json::object({{"name", other.name},
                              {"address", other.address},
                              {"heard_ago_ms", other.heard_ago_ms},
                              {"behind", other.behind},
                              {"stopped", other.stopped},
                              {"followers_differ", other.followers_differ}}));
  }
  return Json::object({{"name", pair.name},
                       {"role", to_string(pair.role)},
                       {"leader", pair.leader},
                       {"behind", pair.behind},
                       {"others", std::move(others)}});
}

Json status_json(const PublicationControl::Status& status) {
  Json zones = Json::array();
  for (const ZoneStatus& zone : status.zones) {
    zones.push(Json::object({{"zone", zone.zone},
                             {"serial", std::int64_t{zone.serial}},
                             {"names", static_cast<std::int64_t>(zone.name_count)},
                             {"records", static_cast<std::int64_t>(zone.record_count)}}));
  }
  std::int64_t waiting = 0;
  for (const HeldChange& change : status.held) waiting += change.refused ? 0 : 1;
  auto out = Json::object({{"zones", std::move(zones)},
                           {"stopped", stopped_json(status.stopped)},
                           {"held", waiting},
                           {"untold", static_cast<std::int64_t>(status.untold_count)}});
  if (status.pair) out.set("pair", pair_json(*status.pair));
  return out;
}

Json held_json(const PublicationControl& control, std::int64_t id) {
  Json items = Json::array();
  for (const HeldChange& change : control.status().held) {
    if (id != 0 && change.id != id) continue;
    items.push(to_json(change, id == 0 ? control_names_max : control_names_one_max));
  }
  return Json::object({{"items", std::move(items)}});
}

Json withdrawal_json(const Withdrawal& withdrawal, const ControlRequest& request) {
  Json names = Json::array();
  for (const WithdrawnRule& rule : withdrawal.rules) {
    if (names.items().size() == control_names_one_max) break;
    names.push(Json::object({{"name", readable_name(rule.name)}, {"source", rule.source}}));
  }
  return Json::object({{"zone", request.zone},
                       {"to", std::int64_t{request.serial}},
                       {"serial", std::int64_t{withdrawal.serial}},
                       {"withdrawn", static_cast<std::int64_t>(withdrawal.rules.size())},
                       {"names", std::move(names)}});
}

Json answer(const Result<void>& result) {
  return result ? done(Json::object()) : failed(result.error());
}

Json answer_rollback(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  const auto rolled = control.roll_back(
      {.zone = request.zone, .serial = request.serial, .reason = request.reason}, hand);
  return rolled ? done(withdrawal_json(*rolled, request)) : failed(rolled.error());
}

Json answer_release(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  const auto released = control.release({.id = request.id, .name = request.name}, hand);
  if (!released) return failed(released.error());
  return done(Json::object({{"outcome", to_string(*released)}}));
}

}  // namespace

std::string_view to_string(PublicationControl::Released released) noexcept {
  switch (released) {
    case PublicationControl::Released::served: return "served";
    case PublicationControl::Released::permitted: return "permitted";
    case PublicationControl::Released::waits_for_other: break;
  }
  return "waits_for_other";
}

std::string_view to_string(ControlCommand command) noexcept {
  return commands[static_cast<std::size_t>(command)];
}

std::string write_request(const ControlRequest& request) {
  return Json::object({{"v", protocol_version},
                       {"command", to_string(request.command)},
                       {"zone", request.zone},
                       {"serial", std::int64_t{request.serial}},
                       {"id", request.id},
                       {"name", request.name},
                       {"reason", request.reason}})
             .dump() +
         "\n";
}

Result<ControlRequest> parse_request(std::string_view line) {
  const auto bad = [](std::string message) {
    return fail(ErrorCode::malformed, std::move(message), "bad_request");
  };
  if (!line.ends_with('\n')) return bad("a request is a line");
  const auto json = Json::parse(line, {.size_max = control_request_size_max, .depth_max = 2});
  if (!json) return bad(json.error().message);
  const auto version = json->integer_at("v");
  if (!version || *version != protocol_version) {
    return bad("another version of khienctl: use the one that was installed with khiend");
  }
  const auto command = json->text_at("command");
  const auto zone = json->text_at("zone");
  const auto serial = json->integer_at("serial");
  const auto id = json->integer_at("id");
  const auto name = json->text_at("name");
  const auto reason = json->text_at("reason");
  if (!command || !zone || !serial || !id || !name || !reason) return bad("a field is missing");
  const auto* const at = std::find(commands.begin(), commands.end(), *command);
  if (at == commands.end()) return bad("no command " + *command);
  if (*serial < 0 || *serial > 0xFFFF'FFFF) return bad("a serial has 32 bits");
  return ControlRequest{.command = static_cast<ControlCommand>(at - commands.begin()),
                        .zone = *zone,
                        .serial = static_cast<std::uint32_t>(*serial),
                        .id = *id,
                        .name = *name,
                        .reason = *reason};
}

Json perform(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  switch (request.command) {
    case ControlCommand::status: return done(status_json(control.status()));
    case ControlCommand::stop: return answer(control.stop(request.zone, hand));
    case ControlCommand::resume: return answer(control.resume(request.zone, hand));
    case ControlCommand::rollback: return answer_rollback(control, request, hand);
    case ControlCommand::held: return done(held_json(control, request.id));
    case ControlCommand::release: return answer_release(control, request, hand);
    case ControlCommand::reject: break;
  }
  return answer(
      control.reject({.id = request.id, .name = request.name, .reason = request.reason}, hand));
}

std::string write_error(const Error& error) { return failed(error).dump(); }

Result<Json> parse_reply(std::string_view line) {
  const auto json = Json::parse(line, {.size_max = control_reply_size_max});
  const auto bad = fail(ErrorCode::malformed, "the publisher's answer is not understood");
  if (!json) return bad;
  if (const Json* result = json->find("result")) return *result;
  const Json* error = json->find("error");
  if (error == nullptr) return bad;
  const auto code = error->text_at("code");
  const auto reason = error->text_at("reason");
  const auto message = error->text_at("message");
  if (!code || !reason || !message) return bad;
  const auto* const known = std::find_if(all_codes.begin(), all_codes.end(), [&](ErrorCode one) {
    return khien::to_string(one) == *code;
  });
  return fail(known == all_codes.end() ? ErrorCode::internal : *known, *message, *reason);
}

Json to_json(const HeldChange& change, std::size_t names_max) {
  Json names = Json::array();
  for (const HeldName& held : change.names) {
    if (names.items().size() == names_max) break;
    names.push(Json::object({{"name", readable_name(held.name)},
                             {"source", held.source},
                             {"scope", held.scope == Scope::domain ? "domain" : "host"},
                             {"detail", held.detail}}));
  }
  Json examples = Json::array();
  for (const auto& example : change.examples) examples.push(example);
  return Json::object({{"id", change.id},
                       {"zone", change.zone},
                       {"reason", to_string(change.reason)},
                       {"at_ms", change.at_ms},
                       {"serial", std::int64_t{change.serial}},
                       {"count", change.count()},
                       {"source", change.source},
                       {"names", std::move(names)},
                       {"examples", std::move(examples)},
                       {"first_by", change.first_by},
                       {"needs_two", needs_two(change.reason)},
                       {"rejected", change.refused}});
}

}  // namespace khien::publish
