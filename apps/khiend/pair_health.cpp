#include "pair_health.h"

namespace khien::khiend {
namespace {

constexpr std::int64_t behind_max = 1'000;  // batches: more than what comes in a second

api::PartState degraded(std::string words) {
  return {.condition = api::Condition::degraded, .words = std::move(words)};
}

}  // namespace

api::PartState pair_health(const publish::PairStatus& status) {
  using publish::PairRole;
  if (status.name_taken) {
    return degraded("another khiend runs as \"" + status.name + "\": give each its own --pair");
  }
  if (status.role == PairRole::leads_alone) {
    return degraded("this publisher goes on without the database: lapses and rollbacks work");
  }
  if (status.role == PairRole::alone) {
    return degraded(
        "neither the database nor who leads is heard: names that are over leave by "
        "themselves, nothing else changes");
  }
  if (status.others.empty()) return degraded("no other publisher has joined yet");
  for (const auto& other : status.others) {
    if (other.stopped) return degraded("publisher \"" + other.name + "\" is stopped");
    if (other.heard_ago_ms >= publish::pair_unheard_ms) {
      return degraded("publisher \"" + other.name + "\" has not been heard of for " +
                      std::to_string(other.heard_ago_ms / ms_per_second) + " s");
    }
    if (other.followers_differ) {
      return degraded("publisher \"" + other.name +
                      "\" has other followers: copy STATE/followers.json and STATE/keys "
                      "(docs/runbooks/pair.md)");
    }
    if (other.behind > behind_max) {
      return degraded("publisher \"" + other.name + "\" is " + std::to_string(other.behind) +
                      " batches behind");
    }
  }
  if (status.role == PairRole::joins) return degraded("this publisher is catching up");
  if (status.role == PairRole::leads) return {.words = "leads"};
  return {.words = "follows \"" + status.leader + "\""};
}

}  // namespace khien::khiend
