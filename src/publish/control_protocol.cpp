#include "publish/control_protocol.h"

#include "publish/set_names.h"

#include <algorithm>
#include <array>

namespace khien::publish {
namespace {

using codec::Json;

constexpr std::int64_t protocol_version = 1;
constexpr std::array<std::string_view, 8> commands{"status", "stop",    "resume", "rollback",
                                                   "held",   "release", "reject", "advance"};
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
  for (const HeldChange& change : status.held) waiting += change.refused || change.trial ? 0 : 1;
  auto out = Json::object({{"zones", std::move(zones)},
                           {"stopped", stopped_json(status.stopped)},
                           {"held", waiting},
                           {"on_trial", static_cast<std::int64_t>(status.trials.size())},
                           {"untold", static_cast<std::int64_t>(status.untold_count)}});
  if (status.pair) out.set("pair", pair_json(*status.pair));
  return out;
}

Json held_json(const PublicationControl& control, std::int64_t id) {
  Json items = Json::array();
  const auto status = control.status();
  for (const HeldChange& change : status.held) {
    if (id != 0 && change.id != id) continue;
    auto item = to_json(change, id == 0 ? control_names_max : control_names_one_max);
    item.set("trial", trial_json(status.trials, change.id));
    items.push(std::move(item));
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

const ZoneFacts* zone_of_change(const PublicationControl& control, std::int64_t id) {
  for (const HeldChange& change : control.status().held) {
    if (change.id == id) return find_set(change.zone);
  }
  return nullptr;
}

Json answer_release(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  const auto zone = zone_of_change(control, request.id);
  const auto released =
      control.release({.id = request.id, .name = request.name, .course = request.course}, hand);
  if (!released) return failed(released.error());
  auto out = Json::object({{"outcome", to_string(*released)}});
  if (zone != nullptr && *released == PublicationControl::Released::on_trial) {
    out.set("empty_stages", rings_json(control.empty_stages(*zone)));
  }
  return done(std::move(out));
}

Json answer_advance(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  const auto advanced = control.advance(request.id, hand);
  if (!advanced) return failed(advanced.error());
  return done(Json::object({{"outcome", to_string(*advanced)}}));
}

}  // namespace

std::string_view to_string(PublicationControl::Released released) noexcept {
  switch (released) {
    case PublicationControl::Released::served: return "served";
    case PublicationControl::Released::permitted: return "permitted";
    case PublicationControl::Released::on_trial: return "on_trial";
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
                       {"reason", request.reason},
                       {"in_stages", request.course == Course::in_stages}})
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
  const auto in_stages = json->boolean_at("in_stages");
  if (!command || !zone || !serial || !id || !name || !reason || !in_stages) {
    return bad("a field is missing");
  }
  const auto* const at = std::find(commands.begin(), commands.end(), *command);
  if (at == commands.end()) return bad("no command " + *command);
  if (*serial < 0 || *serial > 0xFFFF'FFFF) return bad("a serial has 32 bits");
  return ControlRequest{.command = static_cast<ControlCommand>(at - commands.begin()),
                        .zone = *zone,
                        .serial = static_cast<std::uint32_t>(*serial),
                        .id = *id,
                        .name = *name,
                        .reason = *reason,
                        .course = *in_stages ? Course::in_stages : Course::at_once};
}

Json perform(PublicationControl& control, const ControlRequest& request, const Hand& hand) {
  switch (request.command) {
    case ControlCommand::status: return done(status_json(control.status()));
    case ControlCommand::stop: return answer(control.stop(request.zone, hand));
    case ControlCommand::resume: return answer(control.resume(request.zone, hand));
    case ControlCommand::rollback: return answer_rollback(control, request, hand);
    case ControlCommand::held: return done(held_json(control, request.id));
    case ControlCommand::release: return answer_release(control, request, hand);
    case ControlCommand::advance: return answer_advance(control, request, hand);
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
  return Json::object(
      {{"id", change.id},
       {"zone", change.zone},
       {"reason", to_string(change.reason)},
       {"at_ms", change.at_ms},
       {"serial", std::int64_t{change.serial}},
       {"count", change.count()},
       {"source", change.source},
       {"names", std::move(names)},
       {"examples", std::move(examples)},
       {"first_by", change.first_by},
       {"first_name", change.first_name.empty() ? std::string{} : readable_name(change.first_name)},
       {"first_in_stages", change.first_course == Course::in_stages},
       {"needs_two", needs_two(change.reason)},
       {"rejected", change.refused}});
}

Json trial_json(std::span<const TrialView> trials, std::int64_t change) {
  const auto at = std::ranges::find(trials, change, &TrialView::change);
  if (at == trials.end()) return {};
  auto out = Json::object({{"stage", to_string(at->stage)},
                           {"since_ms", at->since_ms},
                           {"zone", at->zone},
                           {"serial", std::int64_t{at->serial}},
                           {"names", at->names}});
  if (!at->followers) return out;
  Json followers = Json::array();
  for (const auto& [name, has_it] : *at->followers) {
    followers.push(Json::object({{"name", name}, {"has_it", has_it}}));
  }
  out.set("followers", std::move(followers));
  return out;
}

Json rings_json(std::span<const Ring> rings) {
  Json words = Json::array();
  for (const Ring ring : rings) words.push(to_string(ring));
  return words;
}

}  // namespace khien::publish
