#include "recheck/judge.h"

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

namespace khien::recheck {
namespace {

using cases::RecheckFinding;
using Looks = std::span<const Look* const>;
using IsTheirs = std::function<bool(const std::string& server)>;

/// The last looks in a row for which `agrees` holds.
template <typename Agrees>
Looks tail(Looks looks, Agrees agrees) {
  auto at = looks.size();
  while (at > 0 && agrees(*looks[at - 1])) --at;
  return looks.subspan(at);
}

std::int64_t span_ms(Looks looks) {
  return looks.empty() ? 0 : looks.back()->at_ms - looks.front()->at_ms;
}

Judgement found(RecheckFinding finding, Looks looks, std::string server = {}) {
  return {.standing = Standing::found,
          .finding = finding,
          .grounds = {.looks = static_cast<std::int64_t>(looks.size()),
                      .since_ms = looks.front()->at_ms,
                      .server = std::move(server)}};
}

bool share_a_server(const Look& a, const Look& b) {
  return std::any_of(a.servers.begin(), a.servers.end(), [&](const std::string& server) {
    return std::find(b.servers.begin(), b.servers.end(), server) != b.servers.end();
  });
}

bool is_another_owner(const Look& before, const Look& after) {
  if (before.servers.empty() || after.servers.empty()) return false;
  if (share_a_server(before, after)) return false;
  return before.primary.empty() || after.primary.empty() || before.primary != after.primary;
}

/// What the looks before the latest run of existing say of it.
enum class Past : std::uint8_t { steady, came_back, another_owner };
Past past_of(Looks looks, Looks existing) {
  const auto earlier = looks.first(looks.size() - existing.size());
  const auto gone = tail(earlier, [](const Look& look) { return is_gone(look.outcome); });
  if (gone.empty()) return Past::steady;
  const auto known = earlier.first(earlier.size() - gone.size());
  // From the first look that missed it to the first that saw it again.
  const auto away_ms = existing.front()->at_ms - gone.front()->at_ms;
  if (away_ms < dead_period_ms) return Past::steady;
  if (known.empty()) return Past::came_back;
  return is_another_owner(*known.back(), *existing.back()) ? Past::another_owner : Past::steady;
}

std::optional<Judgement> served_by(Looks existing, RecheckFinding finding, const IsTheirs& theirs) {
  const auto server_of = [&](const Look& look) {
    return std::find_if(look.servers.begin(), look.servers.end(), theirs);
  };
  const auto run =
      tail(existing, [&](const Look& look) { return server_of(look) != look.servers.end(); });
  if (run.empty()) return std::nullopt;
  if (run.size() < operator_looks || span_ms(run) < operator_after_ms) return Judgement{};
  return found(finding, run, *server_of(*run.back()));
}

int day_quarters(Looks looks) {
  std::set<std::int64_t> quarters;
  for (const auto* look : looks) quarters.insert(look->at_ms % ms_per_day / day_quarter_ms);
  return static_cast<int>(quarters.size());
}

/// Of a name that is served as before.
Judgement judge_content(Looks existing) {
  const auto now = content_of(*existing.back());
  if (now == Content::not_looked || now == Content::present) return {.standing = Standing::alive};
  // Since anybody saw a page, or since we look.
  const auto unseen = tail(existing, [](const Look& look) {
    return content_of(look) == Content::gone || content_of(look) == Content::unclear;
  });
  std::vector<const Look*> gone;
  for (const auto* look : unseen) {
    if (content_of(*look) == Content::gone) gone.push_back(look);
  }
  if (gone.empty()) return {.standing = Standing::unseen};
  auto judgement = found(RecheckFinding::content_gone, gone);
  const bool enough = now == Content::gone && gone.size() >= content_looks &&
                      span_ms(gone) >= content_after_ms && day_quarters(gone) >= content_quarters;
  if (!enough) {
    judgement.standing = Standing::unseen;
    judgement.finding.reset();
  }
  return judgement;
}

Judgement judge_existing(Looks looks, const Operators& operators) {
  const auto existing =
      tail(looks, [](const Look& look) { return look.outcome == LookOutcome::exists; });
  const auto past = past_of(looks, existing);
  if (past == Past::another_owner) {
    return found(RecheckFinding::reregistered, existing, existing.back()->servers.front());
  }
  const auto sinkholed =
      served_by(existing, RecheckFinding::sinkholed,
                [&](const std::string& server) { return operators.sinkholes(server); });
  if (sinkholed) return *sinkholed;
  const auto parked = served_by(existing, RecheckFinding::parked,
                                [&](const std::string& server) { return operators.parks(server); });
  if (parked) return *parked;
  return past == Past::came_back ? Judgement{} : judge_content(existing);
}

}  // namespace

Judgement judge(std::span<const Look> looks, const Operators& operators) {
  std::vector<const Look*> telling;
  for (const auto& look : looks) {
    if (!is_silent(look.outcome)) telling.push_back(&look);
  }
  if (telling.empty()) return {};
  if (telling.back()->outcome == LookOutcome::exists) return judge_existing(telling, operators);
  const auto gone = tail(Looks{telling}, [](const Look& look) { return is_gone(look.outcome); });
  if (gone.size() < dead_looks || span_ms(gone) < dead_after_ms) return {};
  return found(RecheckFinding::dead, gone);
}

}  // namespace khien::recheck
