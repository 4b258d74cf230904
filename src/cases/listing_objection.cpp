// Lodging and reading objections to lists; what officers do is in listing_objection_moves.cpp.
#include "cases/listing_objection.h"

#include <algorithm>
#include <array>

#include "cases/appeal.h"
#include "cases/deadline_rows.h"
#include "cases/number.h"
#include "cases/record.h"
#include "cases/report_rows.h"
#include "cases/settings.h"
#include "codec/crockford.h"
#include "text/host.h"
#include "text/normalise.h"
#include "text/url.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 3> state_words{"lodged", "upheld", "denied"};
constexpr std::size_t text_size_min = 3;
constexpr std::size_t written_name_size_max = 2'048;
constexpr std::size_t contact_size_max = 200 * 4;

constexpr std::string_view sql_select = R"(
SELECT o.id, o.number, o.version, o.state, o.name, o.lists, o.body,
  (SELECT count(*) FROM listing_objection_contact c WHERE c.objection_id = o.id), o.decided_by,
  o.reason, o.lodged_at_ms,
  (SELECT min(d.due_at_ms) FROM deadline d WHERE d.record_id = o.id AND d.done_at_ms IS NULL),
  o.decided_at_ms, o.until_ms, o.change_sequence
FROM listing_objection o )";
constexpr std::string_view sql_list = R"(
WHERE o.change_sequence < $1 AND ($2 = '' OR o.state = $2)
ORDER BY o.change_sequence DESC LIMIT $3)";
constexpr std::string_view sql_insert = R"(
INSERT INTO listing_objection (id, number, name, salt, lists, state, body, language, code_hash,
  submission_hash, lodged_at_ms, change_sequence)
VALUES ($1, $2, $3, $4, $5, 'lodged', $6, $7, $8, $9, $10, $11))";
constexpr std::string_view sql_add_contact =
    "INSERT INTO listing_objection_contact (objection_id, sealed) VALUES ($1, $2)";
constexpr std::string_view sql_contact =
    "SELECT sealed FROM listing_objection_contact WHERE objection_id = $1";
constexpr std::string_view sql_by_code = "SELECT id FROM listing_objection WHERE code_hash = $1";
constexpr std::string_view sql_by_submission =
    "SELECT id FROM listing_objection WHERE submission_hash = $1";
constexpr std::string_view sql_count_open =
    "SELECT count(*) FROM listing_objection WHERE state = 'lodged'";
constexpr std::string_view sql_excepted = R"(
SELECT DISTINCT name FROM listing_objection WHERE state = 'upheld' AND until_ms > $1
ORDER BY name LIMIT $2)";
constexpr std::string_view sql_is_excepted = R"(
SELECT count(*) FROM listing_objection WHERE name = $1 AND state = 'upheld' AND until_ms > $2)";

std::string joined(const std::vector<std::string>& lists) {
  std::string text;
  for (const auto& list : lists) text += (text.empty() ? "" : " ") + list;
  return text;
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lists;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    lists.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
  }
  return lists;
}

Result<ListingObjection> read_row(const store::Row& row) {
  const auto state = parse_listing_objection_state(row.text(3));
  if (!state) return fail(ErrorCode::corrupt, "an objection in an unknown state");
  return ListingObjection{.id = ListingObjectionId{row.text(0)},
                          .number = row.text(1),
                          .version = row.integer(2),
                          .state = *state,
                          .name = row.text(4),
                          .lists = split(row.text(5)),
                          .text = row.text(6),
                          .has_contact = row.integer(7) > 0,
                          .decided_by = {row.optional_text(8).value_or("")},
                          .reason = row.text(9),
                          .lodged_at_ms = row.integer(10),
                          .answer_due_ms = row.optional_integer(11),
                          .decided_at_ms = row.optional_integer(12),
                          .until_ms = row.optional_integer(13),
                          .cursor = row.integer(14)};
}

Result<std::string> name_of(std::string_view written) {
  if (written.size() <= written_name_size_max) {
    if (auto host = text::normalise_host(written)) return std::move(*host);
    if (auto url = text::read_url(written)) return std::move(url->host);
  }
  return fail(ErrorCode::malformed, "neither a host name nor a link", "bad_name");
}

struct Clean {
  std::string name;
  std::string body;
  std::string contact;
  std::optional<Octets> submission_hash;
};

Result<Clean> clean(const ListingObjectionDraft& draft) {
  auto body = text::clean_text(draft.text, appeal_text_size_max);
  if (!body) return propagate(std::move(body).error(), "read an objection");
  if (body->size() < text_size_min) {
    return fail(ErrorCode::invalid_argument, "the objection is empty", "appeal_empty");
  }
  auto name = name_of(draft.name);
  if (!name) return tl::unexpected<Error>{std::move(name).error()};
  auto contact = text::clean_line(draft.contact, contact_size_max);
  if (!contact) return propagate(std::move(contact).error(), "read a contact");
  Clean out{.name = std::move(*name),
            .body = std::move(*body),
            .contact = std::move(*contact),
            .submission_hash = {}};
  if (!draft.submission.empty()) out.submission_hash = hash_of("objection:" + draft.submission);
  return out;
}

/// What a form that was sent twice became the first time; without its code, which nobody keeps.
Result<std::optional<ListingObjectionReceipt>> sent_before(store::Transaction& tx,
                                                           const Clean& cleaned) {
  std::optional<ListingObjectionReceipt> receipt;
  if (!cleaned.submission_hash) return receipt;
  auto row = tx.query_one(sql_by_submission, {*cleaned.submission_hash});
  if (!row) return propagate(std::move(row).error(), "look for an objection sent twice");
  if (!row->has_value()) return receipt;
  auto before = load_listing_objection(tx, ListingObjectionId{(*row)->text(0)});
  if (!before) return tl::unexpected<Error>{std::move(before).error()};
  receipt.emplace();
  receipt->id = before->id;
  receipt->number = before->number;
  receipt->name = before->name;
  receipt->lodged_at_ms = before->lodged_at_ms;
  receipt->answer_due_ms = before->answer_due_ms.value_or(0);
  return receipt;
}

Result<void> keep(store::Transaction& tx, const Context& context,
                  const ListingObjectionDraft& draft, const Clean& cleaned,
                  const ListingObjectionReceipt& receipt) {
  auto code_hash = hash_of_code(receipt.code);
  if (!code_hash) return tl::unexpected<Error>{std::move(code_hash).error()};
  auto lists = draft.lists;
  if (lists.size() > objection_lists_max) lists.resize(objection_lists_max);
  // No field of the leaf tells the name: an objection says something about its owner.
  auto event = record_event(tx, context,
                            {.kind = "objection.lodged",
                             .record = "objection",
                             .record_id = receipt.id.value,
                             .after = "lodged"});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  auto done = tx.execute(
      sql_insert, {receipt.id, receipt.number, cleaned.name, ledger::new_salt(context.rng),
                   joined(lists), cleaned.body, draft.language, *code_hash, cleaned.submission_hash,
                   receipt.lodged_at_ms, *event});
  if (!done) return propagate(std::move(done).error(), "keep an objection");
  if (!cleaned.contact.empty()) {
    const auto sealed = crypto::seal(context.contact_key, as_bytes(cleaned.contact),
                                     contact_context(receipt.id), context.rng);
    done = tx.execute(sql_add_contact, {receipt.id, sealed});
    if (!done) return propagate(std::move(done).error(), "keep a contact");
  }
  return open_deadline(tx, context,
                       {.kind = DeadlineKind::appeal_decision,
                        .record = "objection",
                        .record_id = receipt.id.value,
                        .due_at_ms = receipt.answer_due_ms});
}

}  // namespace

std::string_view to_string(ListingObjectionState state) noexcept {
  return state_words[static_cast<std::size_t>(state)];
}

std::optional<ListingObjectionState> parse_listing_objection_state(std::string_view word) noexcept {
  const auto found = std::find(state_words.begin(), state_words.end(), word);
  if (found == state_words.end()) return std::nullopt;
  return static_cast<ListingObjectionState>(found - state_words.begin());
}

Result<ListingObjectionReceipt> lodge_listing_objection(store::Transaction& tx,
                                                        const Context& context,
                                                        const ListingObjectionDraft& draft) {
  const auto now_ms = context.clock.now_ms();
  auto cleaned = clean(draft);
  if (!cleaned) return tl::unexpected<Error>{std::move(cleaned).error()};
  auto before = sent_before(tx, *cleaned);
  if (!before) return tl::unexpected<Error>{std::move(before).error()};
  if (*before) return std::move(**before);
  auto excepted = tx.query_one(sql_is_excepted, {cleaned->name, now_ms});
  if (!excepted) return propagate(std::move(excepted).error(), "look for an exception");
  if ((*excepted)->integer(0) > 0) {
    return fail(ErrorCode::conflict, "lists are kept from this name already", "already_excepted");
  }
  auto prefix = read_setting(tx, Setting::number_prefix, now_ms);
  if (!prefix) return tl::unexpected<Error>{std::move(prefix).error()};
  auto number = next_number(tx, Series::appeals, *prefix, now_ms);
  if (!number) return tl::unexpected<Error>{std::move(number).error()};
  auto calendar = read_calendar(tx);
  if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
  ListingObjectionReceipt receipt{
      .id = ListingObjectionId::make(context.clock, context.rng),
      .code = codec::random_code(context.rng),
      .number = std::move(*number),
      .name = cleaned->name,
      .lodged_at_ms = now_ms,
      .answer_due_ms = after_working_days(now_ms, objection_decision_days, *calendar)};
  auto kept = keep(tx, context, draft, *cleaned, receipt);
  if (!kept) return tl::unexpected<Error>{std::move(kept).error()};
  return receipt;
}

Result<ListingObjection> load_listing_objection(store::Executor& db, const ListingObjectionId& id) {
  auto row = db.query_one(std::string{sql_select} + "WHERE o.id = $1", {id.value});
  if (!row) return propagate(std::move(row).error(), "load an objection");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such objection");
  return read_row(**row);
}

Result<Page<ListingObjection>> list_listing_objections(store::Executor& db,
                                                       std::optional<ListingObjectionState> state,
                                                       const PageRequest& page) {
  const int size = page_size(page);
  const std::string_view word = state ? to_string(*state) : "";
  auto rows =
      db.query(std::string{sql_select} + std::string{sql_list}, {page_start(page), word, size + 1});
  if (!rows) return propagate(std::move(rows).error(), "list objections");
  std::vector<ListingObjection> objections;
  for (const auto& row : *rows) {
    auto objection = read_row(row);
    if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
    objections.push_back(std::move(*objection));
  }
  return make_page(std::move(objections), size,
                   [](const ListingObjection& objection) { return objection.cursor; });
}

Result<ListingObjection> listing_objection_status(store::Executor& db, std::string_view code) {
  auto hash = hash_of_code(code);
  if (!hash) return tl::unexpected<Error>{std::move(hash).error()};
  auto row = db.query_one(sql_by_code, {*hash});
  if (!row) return propagate(std::move(row).error(), "look up a code");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such code", "unknown_code");
  return load_listing_objection(db, ListingObjectionId{(*row)->text(0)});
}

Result<std::optional<std::string>> open_objection_contact(store::Executor& db,
                                                          const Context& context,
                                                          const ListingObjectionId& id) {
  return open_contact_row(db.query_one(sql_contact, {id}), context, contact_context(id));
}

Result<std::int64_t> count_open_listing_objections(store::Executor& db) {
  auto row = db.query_one(sql_count_open);
  if (!row) return propagate(std::move(row).error(), "count objections");
  return (*row)->integer(0);
}

Result<std::vector<std::string>> excepted_names(store::Executor& db, InstantMs now_ms) {
  auto rows = db.query(sql_excepted, {now_ms, static_cast<std::int64_t>(exceptions_max)});
  if (!rows) return propagate(std::move(rows).error(), "read the exceptions");
  std::vector<std::string> names;
  names.reserve(rows->size());
  for (const auto& row : *rows) names.push_back(row.text(0));
  return names;
}

}  // namespace khien::cases
