// Rows of the tables of this module to values and back. Internal to feeds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "feeds/feed.h"
#include "feeds/subscriptions.h"
#include "ledger/leaf.h"
#include "store/database.h"

namespace khien::feeds {

/// The columns in the order that feed_from_row() reads.
constexpr std::string_view feed_columns =
    "id, version, state, name, source, format, category, scope, csv_column, licence, entries_max, "
    "change_max_permyriad, interval_s, valid_until_ms, reason, proposed_by, proposed_at_ms, "
    "approved_by, entries, set_hash, good_names, etag, last_modified, next_run_at_ms, "
    "entries_until_ms";

/// corrupt for a word that this program does not know.
[[nodiscard]] Result<Feed> feed_from_row(const store::Row& row);
[[nodiscard]] Result<FeedRun> run_from_row(const store::Row& row);

[[nodiscard]] std::string counts_to_text(const FeedCounts& counts);

/// Writes the leaf of a move on `feed`, with its state and further `fields`.
[[nodiscard]] Result<void> append_leaf(store::Transaction& tx, const Context& context,
                                       std::string_view type, const Feed& feed,
                                       std::string_view actor,
                                       std::vector<ledger::LeafField> fields = {});

}  // namespace khien::feeds
