#include "publish/agreement_rows.h"

#include <array>

#include "codec/json.h"
#include "publish/pair_rows.h"

namespace khien::publish {
namespace {

constexpr std::size_t differences_size_max = 64U << 10;

// One row, replaced at each comparison: the record of what was when is the log and the metrics.
constexpr std::string_view schema = R"(
CREATE TABLE agreement (
  one {int64} NOT NULL PRIMARY KEY,
  checked_at_ms {int64} NOT NULL,
  order_count {int64} NOT NULL,
  difference_count {int64} NOT NULL,
  differing_since_ms {int64},
  differences TEXT NOT NULL,
  CONSTRAINT agreement_one CHECK (one = 1),
  CONSTRAINT agreement_since CHECK ((difference_count = 0) = (differing_since_ms IS NULL))
) {strict};
)";

constexpr std::string_view sql_load = R"(
SELECT checked_at_ms, order_count, difference_count, differing_since_ms, differences
FROM agreement WHERE one = 1)";
constexpr std::string_view sql_note = R"(
INSERT INTO agreement
  (one, checked_at_ms, order_count, difference_count, differing_since_ms, differences)
VALUES (1, $1, $2, $3, $4, $5)
ON CONFLICT (one) DO UPDATE SET checked_at_ms = $1, order_count = $2, difference_count = $3,
  differing_since_ms = $4, differences = $5)";

std::string text_of(std::span<const Difference> differences) {
  codec::Json::Array items;
  for (const Difference& difference : differences) {
    items.push_back(
        codec::Json::object({{"kind", to_string(difference.kind)}, {"source", difference.source}}));
  }
  return codec::Json{std::move(items)}.dump();
}

std::optional<DifferenceKind> parse_kind(std::string_view word) {
  for (const auto kind : {DifferenceKind::not_served, DifferenceKind::not_in_register,
                          DifferenceKind::served_otherwise, DifferenceKind::not_in_ledger,
                          DifferenceKind::only_in_ledger, DifferenceKind::ledger_says_otherwise}) {
    if (to_string(kind) == word) return kind;
  }
  return std::nullopt;
}

Result<std::vector<Difference>> differences_of(std::string_view text) {
  auto list = codec::Json::parse(text, {.size_max = differences_size_max});
  if (!list) return propagate(std::move(list).error(), "read the comparison");
  std::vector<Difference> differences;
  for (const auto& item : list->items()) {
    auto word = item.text_at("kind");
    auto source = item.text_at("source");
    const auto kind = word ? parse_kind(*word) : std::nullopt;
    if (!kind || !source) return fail(ErrorCode::corrupt, "a difference is damaged");
    differences.push_back({.kind = *kind, .source = std::move(*source)});
  }
  return differences;
}

}  // namespace

std::span<const store::Migration> migrations() {
  static const std::array all{store::Migration{.number = 1, .name = "agreement", .sql = schema},
                              store::Migration{.number = 2, .name = "pair", .sql = pair_schema}};
  return all;
}

Result<std::optional<AgreementState>> load_agreement(store::Executor& db) {
  auto row = db.query_one(sql_load);
  if (!row) return propagate(std::move(row).error(), "read the comparison");
  if (!row->has_value()) return std::nullopt;
  auto differences = differences_of((*row)->text(4));
  if (!differences) return tl::unexpected(std::move(differences).error());
  return AgreementState{.checked_at_ms = (*row)->integer(0),
                        .order_count = (*row)->integer(1),
                        .difference_count = (*row)->integer(2),
                        .differing_since_ms = (*row)->optional_integer(3),
                        .differences = std::move(*differences)};
}

Result<AgreementState> note_agreement(store::Transaction& tx, const AgreementState& now) {
  auto loaded = load_agreement(tx);
  if (!loaded) return tl::unexpected(std::move(loaded).error());
  AgreementState before = loaded->value_or(AgreementState{});
  std::optional<InstantMs> since;
  if (now.difference_count > 0) since = before.differing_since_ms.value_or(now.checked_at_ms);
  auto done = tx.execute(sql_note, {now.checked_at_ms, now.order_count, now.difference_count, since,
                                    text_of(now.differences)});
  if (!done) return propagate(std::move(done).error(), "note the comparison");
  return before;
}

}  // namespace khien::publish
