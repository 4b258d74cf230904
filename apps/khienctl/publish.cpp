// `khienctl publish …`: asks the publisher on its local socket and prints what it says.
#include <fmt/format.h>

#include <cstdio>

#include "codec/rfc3339.h"
#include "commands.h"
#include "publish/control_socket.h"

namespace khien::khienctl {
namespace {

using codec::Json;
using publish::ControlCommand;

Result<Json> ask(const Place& place, const publish::ControlRequest& request) {
  const SystemClock clock;
  return publish::ask_publisher(place.state / "zones", request, clock);
}

std::string text_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->text() != nullptr ? *value->text() : std::string{};
}
std::int64_t number_of(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value == nullptr ? 0 : value->integer().value_or(0);
}
bool is_set(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->boolean().value_or(false);
}
const Json::Array& items_of(const Json& object, std::string_view key) {
  static const Json none;
  const Json* value = object.find(key);
  return value == nullptr ? none.items() : value->items();
}

std::string_view words_of(std::string_view reason) {
  if (reason == "good_names") return "it touches names that people rely on";
  if (reason == "canary") return "a fixed good name would not resolve any more";
  if (reason == "too_many") return "more additions in a short time than people decide";
  if (reason == "rolled_back") return "a rollback withdrew it";
  if (reason == "stopped") return "publication is stopped";
  if (reason == "large_list") return "the list adds so many names that it begins on trial";
  return "a person refused what this list brought before";
}

std::string_view stage_words(std::string_view stage) {
  return stage == "own" ? "our own resolvers" : "a partner's resolvers";
}

/// How far a change on trial is, and who has it.
void print_trial(const Json& trial, std::int64_t change) {
  const auto stage = text_of(trial, "stage");
  fmt::print("       on trial since {} at {}: {} names, {} serial {}\n",
             codec::write_rfc3339(number_of(trial, "since_ms")), stage_words(stage),
             number_of(trial, "names"), text_of(trial, "zone"), number_of(trial, "serial"));
  if (number_of(trial, "names") == 0) {
    fmt::print("       the list has not brought them yet: it does within a minute\n");
  }
  if (trial.find("followers") == nullptr) {
    fmt::print("       who has it is known where khiend runs\n");
  } else if (items_of(trial, "followers").empty()) {
    fmt::print("       NOBODY: no follower is in ring {} (`khienctl zone follower set`)\n", stage);
  } else {
    std::size_t have = 0;
    std::string others;
    for (const auto& follower : items_of(trial, "followers")) {
      if (is_set(follower, "has_it")) {
        ++have;
      } else {
        others += (others.empty() ? "" : ", ") + text_of(follower, "name");
      }
    }
    fmt::print("       {} of {} have it{}{}\n", have, items_of(trial, "followers").size(),
               others.empty() ? "" : "; not yet: ", others);
  }
  fmt::print("       `khienctl publish advance {0}`: {1}; `khienctl publish reject {0}` ends it\n",
             change, stage == "own" ? "on to a partner's resolvers" : "on to everybody");
}

void print_change(const Json& change) {
  const auto source = text_of(change, "source");
  fmt::print("{:>5}  {:<24} {} names  {}\n", number_of(change, "id"), text_of(change, "zone"),
             number_of(change, "count"), source.empty() ? "of orders" : source);
  fmt::print("       why: {}{}\n", words_of(text_of(change, "reason")),
             is_set(change, "rejected") ? " (rejected; waits no longer)" : "");
  if (is_set(change, "needs_two")) {
    const bool agreed = !text_of(change, "first_by").empty();
    fmt::print("       two persons release it, on the screen Publication{}{}\n",
               agreed ? "; one has agreed" : "",
               agreed && is_set(change, "first_in_stages") ? ", in stages" : "");
  }
  if (const Json* trial = change.find("trial"); trial != nullptr && !trial->is_null()) {
    print_trial(*trial, number_of(change, "id"));
  }
  for (const auto& name : items_of(change, "names")) {
    const auto detail = text_of(name, "detail");
    fmt::print("         {:<40} {}{}{}\n", text_of(name, "name"), text_of(name, "source"),
               detail.empty() ? "" : "  hits ", detail);
  }
  for (const auto& example : items_of(change, "examples")) {
    if (example.text() != nullptr) fmt::print("         {}\n", *example.text());
  }
}

void print_pair(const Json& pair) {
  const auto leader = text_of(pair, "leader");
  fmt::print("this is publisher \"{}\", which {}; who leads: {}\n", text_of(pair, "name"),
             text_of(pair, "role"), leader.empty() ? "not known" : leader);
  for (const auto& other : items_of(pair, "others")) {
    fmt::print("publisher \"{}\" at {}: {}, heard {} s ago, {} batches behind this one{}\n",
               text_of(other, "name"), text_of(other, "address"),
               is_set(other, "stopped") ? "stopped" : "running",
               number_of(other, "heard_ago_ms") / 1'000, number_of(other, "behind"),
               is_set(other, "followers_differ") ? ", OTHER FOLLOWERS" : "");
  }
}

Result<void> done(const Result<Json>& answer, const char* sentence) {
  if (!answer) return tl::unexpected<Error>{answer.error()};
  std::puts(sentence);
  return {};
}

}  // namespace

Result<void> publish_status(const Place& place, Output output) {
  const auto status = ask(place, {.command = ControlCommand::status});
  if (!status) return tl::unexpected<Error>{status.error()};
  if (output == Output::json) {
    fmt::print("{}\n", status->dump());
    return {};
  }
  if (const Json* pair = status->find("pair")) print_pair(*pair);
  for (const auto& zone : items_of(*status, "zones")) {
    const bool is_empty_trial =
        text_of(zone, "zone").starts_with("trial-") && number_of(zone, "names") == 0;
    if (is_empty_trial) continue;
    fmt::print("{:<24} serial {:>10}  {:>8} names\n", text_of(zone, "zone"),
               number_of(zone, "serial"), number_of(zone, "names"));
  }
  for (const auto& zone : items_of(*status, "stopped")) {
    fmt::print("stopped: {} (`khienctl publish resume`)\n",
               *zone.text() == "*" ? "every zone" : *zone.text());
  }
  if (const auto held = number_of(*status, "held"); held > 0) {
    fmt::print("{} changes wait for a person (`khienctl publish held`)\n", held);
  }
  if (const auto trials = number_of(*status, "on_trial"); trials > 0) {
    fmt::print("{} changes are on trial (`khienctl publish held`)\n", trials);
  }
  if (const auto untold = number_of(*status, "untold"); untold > 0) {
    fmt::print("the database has still to be told of {} of them\n", untold);
  }
  return {};
}

Result<void> publish_stop(const Place& place, const std::string& zone) {
  return done(ask(place, {.command = ControlCommand::stop, .zone = zone}),
              "Stopped: new blocks wait at the gate; what is served stays, lifts and ends go on. "
              "`khienctl publish resume` lets them through.");
}

Result<void> publish_resume(const Place& place, const std::string& zone) {
  return done(ask(place, {.command = ControlCommand::resume, .zone = zone}),
              "Publishing goes on. What else waits: `khienctl publish held`.");
}

Result<void> publish_rollback(const Place& place, const PublishRollback& wanted) {
  const auto rolled = ask(place, {.command = ControlCommand::rollback,
                                  .zone = wanted.zone,
                                  .serial = wanted.serial,
                                  .reason = wanted.reason});
  if (!rolled) return tl::unexpected<Error>{rolled.error()};
  for (const auto& rule : items_of(*rolled, "names")) {
    fmt::print("  {:<40} {}\n", text_of(rule, "name"), text_of(rule, "source"));
  }
  const auto count = number_of(*rolled, "withdrawn");
  const auto shown = static_cast<std::int64_t>(items_of(*rolled, "names").size());
  if (count > shown) fmt::print("  and {} more\n", count - shown);
  fmt::print(
      "{} rules that came into {} after serial {} are withdrawn; it is served as serial {}.\n"
      "The zone is stopped: `khienctl publish held` shows what waits, `khienctl publish resume {}` "
      "lets new blocks through.\n",
      count, text_of(*rolled, "zone"), wanted.serial, number_of(*rolled, "serial"), wanted.zone);
  return {};
}

Result<void> publish_held(const Place& place, std::int64_t change, Output output) {
  const auto held = ask(place, {.command = ControlCommand::held, .id = change});
  if (!held) return tl::unexpected<Error>{held.error()};
  if (output == Output::json) {
    fmt::print("{}\n", held->dump());
    return {};
  }
  const auto& items = items_of(*held, "items");
  if (items.empty() && change != 0) {
    return fail(ErrorCode::not_found, "no change " + std::to_string(change) + " waits (any more)");
  }
  if (items.empty()) std::puts("Nothing waits.");
  for (const auto& one : items) print_change(one);
  return {};
}

Result<void> publish_release(const Place& place, const PublishDecision& wanted) {
  const auto released = ask(
      place, {.command = ControlCommand::release,
              .id = wanted.change,
              .name = wanted.name,
              .course = wanted.in_stages ? publish::Course::in_stages : publish::Course::at_once});
  if (!released) return tl::unexpected<Error>{released.error()};
  if (text_of(*released, "outcome") == "on_trial") {
    std::puts(
        "On trial: it goes to our own resolvers. `khienctl publish held` says who has it, "
        "`khienctl publish advance` goes on.");
    for (const auto& stage : items_of(*released, "empty_stages")) {
      if (stage.text() == nullptr) continue;
      fmt::print(
          "No follower is in ring {0}: at that stage nobody has it (`khienctl zone follower "
          "set NAME --ring {0}`).\n",
          *stage.text());
    }
    return {};
  }
  return done(released, text_of(*released, "outcome") == "served"
                            ? "Released: it is in the zone."
                            : "Released: the list brings it within a minute; what it brings is "
                              "judged if it has changed.");
}

Result<void> publish_advance(const Place& place, std::int64_t change) {
  const auto advanced = ask(place, {.command = ControlCommand::advance, .id = change});
  if (!advanced) return tl::unexpected<Error>{advanced.error()};
  return done(advanced, text_of(*advanced, "outcome") == "served"
                            ? "It is in the zone: everybody who follows gets it."
                            : "On to a partner's resolvers: `khienctl publish held` says who has "
                              "it.");
}

Result<void> publish_reject(const Place& place, const PublishDecision& wanted) {
  return done(ask(place, {.command = ControlCommand::reject,
                          .id = wanted.change,
                          .name = wanted.name,
                          .reason = wanted.reason}),
              "Rejected. Its orders are suspended as soon as the database is told; a list waits "
              "for a person when it changes.");
}

}  // namespace khien::khienctl
