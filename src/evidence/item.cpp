#include "evidence/item.h"

#include <array>

#include "evidence/custody.h"
#include "evidence/media_type.h"
#include "ledger/leaf.h"

namespace khien::evidence {
namespace {

constexpr std::array<std::string_view, 3> kinds{"screenshot", "file", "report_text"};
constexpr std::array<std::string_view, 8> custody_kinds{
    "received", "opened", "verified", "damaged", "held", "released", "exported", "destroyed"};

constexpr std::string_view sql_count =
    "SELECT count(*), coalesce(sum(size), 0) FROM evidence_item WHERE case_id = $1";
constexpr std::string_view sql_insert =
    "INSERT INTO evidence_item (id, case_id, report_id, kind, sha256, size, media_type, file_name, "
    "note, added_by, added_at_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
constexpr std::string_view sql_columns =
    "SELECT id, case_id, report_id, kind, sha256, size, media_type, file_name, note, added_by, "
    "added_at_ms, (SELECT coalesce(sum(CASE c.kind WHEN 'held' THEN 1 WHEN 'released' THEN -1 "
    "ELSE 0 END), 0) FROM evidence_custody c WHERE c.item_id = evidence_item.id), "
    "(SELECT count(*) FROM evidence_custody d WHERE d.item_id = evidence_item.id "
    "AND d.kind = 'destroyed') FROM evidence_item ";
constexpr std::string_view sql_custody_of =
    "SELECT kind, actor, reason, at_ms FROM evidence_custody WHERE item_id = $1 ORDER BY id";

template <typename Enum, std::size_t n>
std::optional<Enum> parse(const std::array<std::string_view, n>& words, std::string_view word) {
  for (std::size_t i = 0; i < n; ++i) {
    if (words[i] == word) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

Result<Item> item_of(const store::Row& row) {
  const auto kind = parse_item_kind(row.text(3));
  if (!kind) return fail(ErrorCode::corrupt, "an evidence item has an unknown kind");
  return Item{.id = ItemId{std::string{row.text(0)}},
              .case_id = std::string{row.text(1)},
              .report_id = std::string{row.text(2)},
              .kind = *kind,
              .sha256 = std::string{row.text(4)},
              .size = row.integer(5),
              .media_type = std::string{row.text(6)},
              .file_name = std::string{row.text(7)},
              .note = std::string{row.text(8)},
              .added_by = std::string{row.text(9)},
              .added_at_ms = row.integer(10),
              .holds = row.integer(11),
              .destroyed = row.integer(12) > 0};
}

}  // namespace

std::string_view to_string(ItemKind kind) noexcept { return kinds[static_cast<std::size_t>(kind)]; }
std::optional<ItemKind> parse_item_kind(std::string_view word) noexcept {
  return parse<ItemKind>(kinds, word);
}
std::string_view to_string(CustodyKind kind) noexcept {
  return custody_kinds[static_cast<std::size_t>(kind)];
}

Result<Item> add_item(store::Transaction& tx, const Context& context, const ItemDraft& draft,
                      const Content& content) {
  const auto media_type = sniff_media_type(content.head);
  if (draft.kind == ItemKind::screenshot && !is_picture(media_type)) {
    return fail(ErrorCode::invalid_argument, "a screenshot is PNG, JPEG or WebP", "bad_picture");
  }
  auto count = tx.query_one(sql_count, {draft.case_id});
  if (!count) return propagate(std::move(count).error(), "count evidence");
  if (*count && (*count)->integer(0) >= items_per_case_max) {
    return fail(ErrorCode::limit_exceeded, "the case has 500 items of evidence", "too_many_items");
  }
  const auto size = static_cast<std::int64_t>(content.size);
  if (*count && size > case_size_max - (*count)->integer(1)) {
    return fail(ErrorCode::limit_exceeded, "the case has 500 MB of evidence", "case_too_large");
  }
  Item item{.id = ItemId::make(context.clock, context.rng),
            .case_id = draft.case_id,
            .report_id = draft.report_id,
            .kind = draft.kind,
            .sha256 = content.sha256,
            .size = size,
            .media_type = std::string{media_type},
            .file_name = storable_part(draft.file_name, file_name_size_max),
            .note = storable_part(draft.note, note_size_max),
            .added_by = draft.added_by,
            .added_at_ms = context.clock.now_ms()};
  auto inserted =
      tx.execute(sql_insert, {item.id.value, item.case_id, item.report_id, to_string(item.kind),
                              item.sha256, item.size, item.media_type, item.file_name, item.note,
                              item.added_by, item.added_at_ms});
  if (!inserted) return propagate(std::move(inserted).error(), "add evidence");
  auto custody = write_custody(tx, context, item.id, CustodyKind::received, item.added_by, "");
  if (!custody) return tl::unexpected<Error>{std::move(custody).error()};
  auto leaf = ledger::append(tx, context.clock, context.rng,
                             {.type = "evidence.added",
                              .fields = {{"item", item.id.value},
                                         {"case", item.case_id},
                                         {"sha256", item.sha256},
                                         {"size", item.size},
                                         {"media_type", item.media_type}}});
  if (!leaf) return propagate(std::move(leaf).error(), "log the evidence");
  return item;
}

Result<Item> add_text(store::Transaction& tx, const Context& context, const ContentStore& contents,
                      ItemDraft draft, std::string_view text) {
  draft.kind = ItemKind::report_text;
  auto writer = contents.begin();
  if (!writer) return tl::unexpected<Error>{std::move(writer).error()};
  if (auto written = writer->write(as_bytes(text)); !written) {
    return tl::unexpected<Error>{std::move(written).error()};
  }
  auto content = writer->finish();
  if (!content) return tl::unexpected<Error>{std::move(content).error()};
  return add_item(tx, context, draft, *content);
}

Result<Item> load_item(store::Executor& db, const ItemId& id) {
  auto row = db.query_one(std::string{sql_columns} + "WHERE id = $1", {id.value});
  if (!row) return propagate(std::move(row).error(), "load evidence");
  if (!*row) return fail(ErrorCode::not_found, "no evidence " + id.value);
  return item_of(**row);
}

Result<std::vector<Item>> list_items(store::Executor& db, std::string_view case_id) {
  auto rows =
      db.query(std::string{sql_columns} + "WHERE case_id = $1 ORDER BY id LIMIT 500", {case_id});
  if (!rows) return propagate(std::move(rows).error(), "list evidence");
  std::vector<Item> items;
  for (const auto& row : *rows) {
    auto item = item_of(row);
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    items.push_back(std::move(*item));
  }
  return items;
}

Result<std::vector<CustodyEvent>> custody_of(store::Executor& db, const ItemId& id) {
  auto rows = db.query(sql_custody_of, {id.value});
  if (!rows) return propagate(std::move(rows).error(), "read custody");
  std::vector<CustodyEvent> events;
  for (const auto& row : *rows) {
    const auto kind = parse<CustodyKind>(custody_kinds, row.text(0));
    if (!kind) return fail(ErrorCode::corrupt, "a custody event has an unknown kind");
    events.push_back({.at_ms = row.integer(3),
                      .kind = *kind,
                      .actor = std::string{row.text(1)},
                      .reason = std::string{row.text(2)}});
  }
  return events;
}

}  // namespace khien::evidence
