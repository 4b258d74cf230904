#include "feeds/rows.h"

#include <utility>

#include "codec/json.h"

namespace khien::feeds {
namespace {

using codec::Json;

constexpr std::size_t counts_size_max = 64 * 1024;

tl::unexpected<Error> unknown_word(std::string_view id) {
  // The columns have constraints, so this is damage or a newer schema.
  return fail(ErrorCode::corrupt, "feed " + std::string{id} + " has an unknown word");
}

std::uint64_t count_at(const Json& json, std::string_view key) {
  const Json* value = json.find(key);
  const auto number = value != nullptr ? value->integer() : std::nullopt;
  return static_cast<std::uint64_t>(number.value_or(0));
}

Result<FeedCounts> counts_from_text(std::string_view text) {
  auto json = Json::parse(text, {.size_max = counts_size_max});
  if (!json) return propagate(std::move(json).error(), "read the counts of a run");
  FeedCounts counts{.read = count_at(*json, "read"),
                    .added = count_at(*json, "added"),
                    .removed = count_at(*json, "removed"),
                    .duplicate = count_at(*json, "duplicate"),
                    .redundant = count_at(*json, "redundant"),
                    .refused = count_at(*json, "refused")};
  if (const Json* reasons = json->find("refused_reasons")) {
    for (const auto& member : reasons->members()) {
      counts.refused_reasons[member.key] =
          static_cast<std::uint64_t>(member.value.integer().value_or(0));
    }
  }
  return counts;
}

}  // namespace

Result<Feed> feed_from_row(const store::Row& row) {
  const std::string id = row.text(0);
  const auto state = parse_feed_state(row.text(2));
  const auto format = exchange::parse_list_format(row.text(5));
  const auto category = parse_category(row.text(6));
  const auto scope = cases::parse_name_scope(row.text(7));
  if (!state || !format || !category || !scope) return unknown_word(id);
  Feed feed;
  feed.id = FeedId{id};
  feed.version = row.integer(1);
  feed.state = *state;
  feed.draft = {.name = row.text(3),
                .source = row.text(4),
                .format = *format,
                .category = *category,
                .scope = *scope,
                .csv_column = row.text(8),
                .licence = row.text(9),
                .entries_max = row.integer(10),
                .change_max_permyriad = row.integer(11),
                .interval_s = row.integer(12),
                .valid_until_ms = row.integer(13),
                .reason = row.text(14)};
  feed.proposed_by = row.text(15);
  feed.proposed_at_ms = row.integer(16);
  feed.approved_by = row.is_null(17) ? std::string{} : row.text(17);
  feed.entries = row.integer(18);
  feed.set_hash = row.text(19);
  feed.good_names = row.integer(20);
  feed.etag = row.text(21);
  feed.last_modified = row.text(22);
  feed.next_run_at_ms = row.integer(23);
  return feed;
}

Result<FeedRun> run_from_row(const store::Row& row) {
  const auto state = parse_run_state(row.text(2));
  if (!state) return unknown_word(row.text(1));
  auto counts = counts_from_text(row.text(7));
  if (!counts) return tl::unexpected(std::move(counts).error());
  FeedRun run;
  run.id = row.integer(0);
  run.feed_id = FeedId{row.text(1)};
  run.state = *state;
  run.started_at_ms = row.integer(3);
  if (!row.is_null(4)) run.ended_at_ms = row.integer(4);
  run.set_hash = row.text(5);
  run.set_size = row.integer(6);
  run.counts = std::move(*counts);
  run.problem_code = row.text(8);
  run.problem_reason = row.text(9);
  run.problem_message = row.text(10);
  return run;
}

std::string counts_to_text(const FeedCounts& counts) {
  const auto number = [](std::uint64_t count) { return Json{static_cast<std::int64_t>(count)}; };
  Json reasons = Json::object();
  for (const auto& [reason, count] : counts.refused_reasons) reasons.set(reason, number(count));
  return Json::object({{"read", number(counts.read)},
                       {"added", number(counts.added)},
                       {"removed", number(counts.removed)},
                       {"duplicate", number(counts.duplicate)},
                       {"redundant", number(counts.redundant)},
                       {"refused", number(counts.refused)},
                       {"refused_reasons", std::move(reasons)}})
      .dump();
}

Result<void> append_leaf(store::Transaction& tx, const Context& context, std::string_view type,
                         const Feed& feed, std::string_view actor,
                         std::vector<ledger::LeafField> fields) {
  ledger::LeafDraft leaf{.type = std::string{type}, .fields = std::move(fields)};
  leaf.fields.push_back({"feed", feed.id.value});
  leaf.fields.push_back({"category", std::string{to_string(feed.draft.category)}});
  leaf.fields.push_back({"state", std::string{to_string(feed.state)}});
  if (!actor.empty()) {
    leaf.fields.push_back({"actor_commitment", ledger::commitment(feed.id.value, actor)});
  }
  auto id = ledger::append(tx, context.clock, context.rng, leaf);
  if (!id) return propagate(std::move(id).error(), "append the leaf of a feed");
  return {};
}

}  // namespace khien::feeds
