// What waits at the gate of the zones, and what people decide: release, advance, reject, stop,
// resume, roll back. Each decision is a leaf of the public log. Whatever may lead to a
// block asks for a fresh second factor; what takes a block away asks for nothing more.
#include <charconv>

#include "api/gate.h"
#include "api/handler.h"
#include "api/input.h"
#include "api/people.h"
#include "api/routes.h"
#include "api/services.h"
#include "identity/session.h"
#include "publish/control_protocol.h"
#include "publish/public_act.h"

namespace khien::api {
namespace {

using codec::Json;
using http::Method;
using http::Request;
using http::Response;
using publish::PublicationControl;

constexpr std::size_t reason_size_min = 3;

tl::unexpected<Error> elsewhere() {
  return fail(ErrorCode::unavailable,
              "the publisher runs in another process: use `khienctl publish` there",
              "publication_elsewhere");
}

publish::Hand hand_of(const Request& request) {
  return {.place = publish::Hand::Place::account, .who = actor_of(request).account_id.value};
}

/// Acts, with a leaf in a transaction around it: no leaf says what was refused. An act that stands
/// is not done again where the transaction is.
template <typename Act>
auto in_public(const Services& services, const Request& request, publish::PublicAct act,
               Act perform) -> decltype(perform()) {
  act.actor = actor_of(request).account_id.value;
  std::optional<decltype(perform())> done;
  auto written = services.database.transact([&](store::Transaction& tx) -> Result<void> {
    auto leaf = publish::record_act(tx, services.clock, services.rng, act);
    if (!leaf) return leaf;
    if (!done) done = perform();
    if (!*done) return tl::unexpected<Error>{done->error()};
    return {};
  });
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  return std::move(*done);
}

/// The reason of an act: it is kept with the orders that it suspends.
std::string reason_in(Input& in) {
  auto reason = in.text("reason");
  if (reason.size() < reason_size_min) {
    in.refuse({ErrorCode::invalid_argument, "say why, in a few words", "reason_needed"});
  } else if (reason.size() > publish::control_reason_size_max) {
    in.refuse({ErrorCode::limit_exceeded, "the reason is too long", "reason_too_long"});
  }
  return reason;
}

std::string zone_in(Input& in, const std::optional<std::string>& zone) {
  if (!zone || zone->empty()) return {};
  const auto* facts = publish::find_set(*zone);
  if (facts == nullptr || facts->is_trial()) {
    in.refuse({ErrorCode::invalid_argument, "no such zone", "unknown_zone"});
    return {};
  }
  return facts->id;
}

std::int64_t change_in(Input& in, const Request& request) {
  const std::string text{request.parameter("held_id")};
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc{} || end != text.data() + text.size()) {
    in.refuse({ErrorCode::not_found, "no such change", "no_such_change"});
  }
  return id;
}

Result<Response> get_gate(const Services& services, const Request& request) {
  Input in{request, Body::none};
  if (!in.ok()) return in.error();
  const bool is_here = services.publication_control != nullptr;
  const auto status =
      is_here ? services.publication_control->status() : PublicationControl::Status{};
  return services.database.read([&](store::Executor& db) -> Result<Response> {
    People people{db};
    Json stopped = Json::array();
    for (const auto& zone : status.stopped) stopped.push(zone);
    Json items = Json::array();
    for (const auto& change : status.held) {
      Json item = to_json(change, publish::control_names_max);
      item.set("first_by", change.first_by.empty()
                               ? Json{}
                               : people.json(identity::AccountId{change.first_by}));
      item.set("trial", publish::trial_json(status.trials, change.id));
      items.push(std::move(item));
    }
    return json(200, Json::object({{"here", is_here},
                                   {"stopped", std::move(stopped)},
                                   {"untold", static_cast<std::int64_t>(status.untold_count)},
                                   {"items", std::move(items)}}));
  });
}

Result<publish::HeldChange> held_change(const Services& services, std::int64_t id) {
  for (auto& change : services.publication_control->status().held) {
    if (change.id == id) return std::move(change);
  }
  return fail(ErrorCode::not_found, "that change waits no longer", "no_such_change");
}

Json outcome_of(const Services& services, const publish::HeldChange& change,
                PublicationControl::Released released) {
  auto out = Json::object({{"outcome", publish::to_string(released)}});
  if (released != PublicationControl::Released::on_trial) return out;
  const auto empty = services.publication_control->empty_stages(*publish::find_set(change.zone));
  out.set("empty_stages", publish::rings_json(empty));
  return out;
}

bool is_first_of_two(const publish::HeldChange& change, const std::string& name) {
  return publish::needs_two(change.reason) && !publish::has_first(change, name);
}

/// What the leaf of a release says. Two who do not agree on the way: it goes in stages.
std::string_view leaf_of_release(const publish::HeldChange& change,
                                 const PublicationControl::Decision& decision) {
  if (is_first_of_two(change, decision.name)) return "publication.agreed";
  const bool in_stages = publish::goes_in_stages(change, decision.name, decision.course);
  return in_stages ? "publication.tried" : "publication.released";
}

Result<Response> release(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = change_in(in, request);
  const auto name = in.optional_text("name").value_or("");
  const bool in_stages = in.body().find("in_stages") != nullptr && in.boolean("in_stages");
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  if (auto fresh = identity::require_step_up(actor_of(request), services.clock); !fresh) {
    return tl::unexpected<Error>{std::move(fresh).error()};
  }
  const auto change = held_change(services, id);
  if (!change) return tl::unexpected<Error>{change.error()};
  const auto course = in_stages ? publish::Course::in_stages : publish::Course::at_once;
  const PublicationControl::Decision decision{.id = id, .name = name, .course = course};
  const auto released =
      in_public(services, request,
                {.type = leaf_of_release(*change, decision),
                 .zone = change->zone,
                 .reason = std::string{to_string(change->reason)},
                 .count = name.empty() ? change->count() : 1},
                [&] { return services.publication_control->release(decision, hand_of(request)); });
  if (!released) return tl::unexpected<Error>{released.error()};
  return json(200, outcome_of(services, *change, *released));
}

Result<Response> advance(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = change_in(in, request);
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  if (auto fresh = identity::require_step_up(actor_of(request), services.clock); !fresh) {
    return tl::unexpected<Error>{std::move(fresh).error()};
  }
  const auto change = held_change(services, id);
  if (!change) return tl::unexpected<Error>{change.error()};
  const auto advanced = in_public(
      services, request,
      {.type = is_first_of_two(*change, {}) ? "publication.agreed" : "publication.advanced",
       .zone = change->zone,
       .reason = std::string{to_string(change->reason)},
       .count = change->count_on_trial()},
      [&] { return services.publication_control->advance(id, hand_of(request)); });
  if (!advanced) return tl::unexpected<Error>{advanced.error()};
  return json(200, outcome_of(services, *change, *advanced));
}

Result<Response> reject(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto id = change_in(in, request);
  const auto name = in.optional_text("name").value_or("");
  const auto reason = reason_in(in);
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  const auto change = held_change(services, id);
  if (!change) return tl::unexpected<Error>{change.error()};
  const auto rejected =
      in_public(services, request,
                {.type = "publication.rejected",
                 .zone = change->zone,
                 .reason = std::string{to_string(change->reason)},
                 .count = name.empty() ? change->count() : 1},
                [&] {
                  return services.publication_control->reject(
                      {.id = id, .name = name, .reason = reason}, hand_of(request));
                });
  if (!rejected) return tl::unexpected<Error>{rejected.error()};
  return json(200, Json::object({{"outcome", "rejected"}}));
}

Result<Response> stop(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto zone = zone_in(in, in.optional_text("zone"));
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  const auto stopped =
      in_public(services, request, {.type = "publication.stopped", .zone = zone},
                [&] { return services.publication_control->stop(zone, hand_of(request)); });
  if (!stopped) return tl::unexpected<Error>{stopped.error()};
  return json(200, Json::object({{"outcome", "stopped"}}));
}

Result<Response> resume(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto zone = zone_in(in, in.optional_text("zone"));
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  if (auto fresh = identity::require_step_up(actor_of(request), services.clock); !fresh) {
    return tl::unexpected<Error>{std::move(fresh).error()};
  }
  const auto resumed =
      in_public(services, request, {.type = "publication.resumed", .zone = zone},
                [&] { return services.publication_control->resume(zone, hand_of(request)); });
  if (!resumed) return tl::unexpected<Error>{resumed.error()};
  return json(200, Json::object({{"outcome", "resumed"}}));
}

Result<Response> roll_back(const Services& services, const Request& request) {
  Input in{request, Body::json};
  const auto zone = zone_in(in, in.text("zone"));
  const auto serial = in.integer("serial");
  const auto reason = reason_in(in);
  if (in.ok() && (zone.empty() || serial < 0 || serial > 0xFFFF'FFFF)) {
    in.refuse({ErrorCode::invalid_argument, "a zone and a serial of 32 bits", "bad_field"});
  }
  if (!in.ok()) return in.error();
  if (services.publication_control == nullptr) return elsewhere();
  const auto rolled = in_public(
      services, request, {.type = "publication.rolled_back", .zone = zone, .serial = serial}, [&] {
        return services.publication_control->roll_back(
            {.zone = zone, .serial = static_cast<std::uint32_t>(serial), .reason = reason},
            hand_of(request));
      });
  if (!rolled) return tl::unexpected<Error>{rolled.error()};
  return json(200, Json::object({{"serial", std::int64_t{rolled->serial}},
                                 {"withdrawn", static_cast<std::int64_t>(rolled->rules.size())}}));
}

}  // namespace

void add_gate_routes(Routes& routes, const Services& services) {
  const auto add = officer_routes_into(routes, services);
  add(Method::get, "publication/gate", "publication.read", get_gate);
  add(Method::post, "publication/gate/{held_id}/release", "publication.decide", release);
  add(Method::post, "publication/gate/{held_id}/advance", "publication.decide", advance);
  add(Method::post, "publication/gate/{held_id}/reject", "publication.decide", reject);
  add(Method::post, "publication/stop", "publication.decide", stop);
  add(Method::post, "publication/resume", "publication.decide", resume);
  add(Method::post, "publication/rollback", "publication.decide", roll_back);
}

}  // namespace khien::api
