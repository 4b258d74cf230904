#include "recheck/sample.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "exchange/name_set.h"
#include "feeds/subscriptions.h"

namespace khien::recheck {
namespace {

constexpr std::string_view sql_turn =
    "UPDATE recheck_turn SET next_at_ms = $2 WHERE one = 1 AND next_at_ms <= $1";
constexpr std::string_view sql_watched = R"(
SELECT count(*), COALESCE(sum(CASE WHEN next_at_ms <= $1 THEN 1 ELSE 0 END), 0)
FROM recheck_item WHERE kind = 'list')";
constexpr std::string_view sql_set =
    "SELECT names FROM feed_set WHERE feed_id = $1 AND kind = 'accepted'";
constexpr std::string_view sql_position = "SELECT position FROM recheck_walk WHERE feed_id = $1";
constexpr std::string_view sql_walk = R"(
INSERT INTO recheck_walk (feed_id, position) VALUES ($1, $2)
ON CONFLICT (feed_id) DO UPDATE SET position = excluded.position)";
constexpr std::string_view sql_put = R"(
INSERT INTO recheck_item (kind, record_id, name, begun_at_ms, next_at_ms)
VALUES ('list', $1, $2, $3, $4) ON CONFLICT (record_id, name) DO NOTHING)";

struct Share {
  feeds::FeedId feed;
  std::int64_t entries = 0;
  std::int64_t names = 0;  // of the budget
};

/// The budget by size of the lists; every list has a part as long as there is any.
std::vector<Share> shares(const std::vector<feeds::Feed>& all, std::int64_t room,
                          InstantMs now_ms) {
  std::vector<Share> shares;
  std::int64_t entries = 0;
  for (const auto& feed : all) {
    if (!feeds::in_force(feed.state) || feed.entries == 0) continue;
    if (feed.draft.valid_until_ms <= now_ms) continue;
    if (feeds::basis_of(feed.draft.category) != Basis::feeds) continue;
    shares.push_back({.feed = feed.id, .entries = feed.entries});
    entries += feed.entries;
  }
  if (entries == 0) return {};
  auto left = std::min(room, entries);
  const auto whole = left;
  for (auto& share : shares) {
    share.names = std::min({left, share.entries, whole * share.entries / entries + 1});
    left -= share.names;
  }
  return shares;
}

/// The next names of the list's walk, and where it goes on.
Result<std::vector<std::string>> next_names(store::Transaction& tx, const Share& share) {
  auto set_row = tx.query_one(sql_set, {share.feed});
  if (!set_row) return propagate(std::move(set_row).error(), "read a list");
  if (!set_row->has_value()) return std::vector<std::string>{};
  auto set = exchange::NameSet::read((*set_row)->octets(0));
  if (!set) return propagate(std::move(set).error(), "read a list");
  auto row = tx.query_one(sql_position, {share.feed});
  if (!row) return propagate(std::move(row).error(), "read a walk");
  const auto size = static_cast<std::int64_t>(set->size());
  if (size == 0) return std::vector<std::string>{};
  const auto from = row->has_value() ? (*row)->integer(0) % size : 0;
  const auto count = std::min(share.names, size);
  std::vector<std::string> names;
  std::int64_t at = 0;
  set->for_each([&](std::string_view host, cases::Scope) {
    if ((at++ - from + size) % size < count) names.emplace_back(host);
  });
  auto walked = tx.execute(sql_walk, {share.feed, (from + count) % size});
  if (!walked) return propagate(std::move(walked).error(), "note a walk");
  return names;
}

Result<std::int64_t> room_in(store::Transaction& tx, InstantMs now_ms, std::int64_t budget) {
  auto row = tx.query_one(sql_watched, {now_ms + sample_every_ms});
  if (!row) return propagate(std::move(row).error(), "count entries under watch");
  const auto watched = (*row)->integer(0);
  const auto due = (*row)->integer(1);
  return std::max<std::int64_t>(0, std::min(budget - due, list_items_max - watched));
}

Result<std::int64_t> put_names(store::Transaction& tx, const Share& share, InstantMs now_ms) {
  auto names = next_names(tx, share);
  if (!names) return tl::unexpected<Error>{std::move(names).error()};
  const auto count = static_cast<std::int64_t>(names->size());
  std::int64_t put = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto at_ms = now_ms + sample_every_ms * i / count;
    auto done =
        tx.execute(sql_put, {share.feed, (*names)[static_cast<std::size_t>(i)], now_ms, at_ms});
    if (!done) return propagate(std::move(done).error(), "take an entry in for rechecks");
    put += *done;
  }
  return put;
}

}  // namespace

Result<std::optional<std::int64_t>> sample_lists(store::Database& database, const Clock& clock,
                                                 std::int64_t budget) {
  using Taken = std::optional<std::int64_t>;
  return database.transact([&](store::Transaction& tx) -> Result<Taken> {
    const auto now_ms = clock.now_ms();
    auto turn = tx.execute(sql_turn, {now_ms, now_ms + sample_every_ms});
    if (!turn) return propagate(std::move(turn).error(), "take the turn");
    if (*turn == 0) return Taken{};
    auto room = room_in(tx, now_ms, budget);
    if (!room) return tl::unexpected<Error>{std::move(room).error()};
    auto all = feeds::list_feeds(tx);
    if (!all) return tl::unexpected<Error>{std::move(all).error()};
    std::int64_t put = 0;
    for (const auto& share : shares(*all, *room, now_ms)) {
      if (share.names == 0) continue;
      auto names = put_names(tx, share, now_ms);
      if (!names) return tl::unexpected<Error>{std::move(names).error()};
      put += *names;
    }
    return Taken{put};
  });
}

}  // namespace khien::recheck
