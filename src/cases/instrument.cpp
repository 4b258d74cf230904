// Legal instruments: the grounds of orders (settings.h).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cases/record.h"
#include "cases/settings.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_list = R"(
SELECT id, title_vi, title_en, article, url, categories, valid_from_ms, valid_until_ms
FROM legal_instrument
WHERE valid_from_ms <= $1 AND (valid_until_ms IS NULL OR valid_until_ms > $1)
ORDER BY valid_from_ms DESC, id)";
constexpr std::string_view sql_list_all = R"(
SELECT id, title_vi, title_en, article, url, categories, valid_from_ms, valid_until_ms
FROM legal_instrument ORDER BY valid_from_ms DESC, id)";
constexpr std::string_view sql_load = R"(
SELECT id, title_vi, title_en, article, url, categories, valid_from_ms, valid_until_ms
FROM legal_instrument WHERE id = $1)";
constexpr std::string_view sql_add = R"(
INSERT INTO legal_instrument
  (id, title_vi, title_en, article, url, categories, valid_from_ms, valid_until_ms)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8))";
constexpr std::string_view sql_end =
    "UPDATE legal_instrument SET valid_until_ms = $2 WHERE id = $1";
constexpr std::string_view sql_orders_on = R"(
SELECT count(*) FROM block_order WHERE ground_id = $1 AND state IN
  ('approved', 'published', 'enforced', 'verified', 'due_review'))";

constexpr std::size_t instrument_text_size_max = 500;  // octets of a title, an article, an address

// Categories stand as "fraud,phishing"; ids hold no comma.
std::string join(const std::vector<Category>& categories) {
  std::string out;
  for (const auto category : categories) {
    if (!out.empty()) out += ',';
    out += to_string(category);
  }
  return out;
}

Result<std::vector<Category>> split(std::string_view text) {
  std::vector<Category> categories;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const auto category = parse_category(text.substr(0, comma));
    if (!category) return fail(ErrorCode::corrupt, "a legal instrument of an unknown category");
    categories.push_back(*category);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return categories;
}

Result<LegalInstrument> read_instrument(const store::Row& row) {
  auto categories = split(row.text(5));
  if (!categories) return tl::unexpected<Error>{std::move(categories).error()};
  return LegalInstrument{.id = InstrumentId{row.text(0)},
                         .title_vi = row.text(1),
                         .title_en = row.text(2),
                         .article = row.text(3),
                         .url = row.text(4),
                         .categories = std::move(*categories),
                         .valid_from_ms = row.integer(6),
                         .valid_until_ms = row.optional_integer(7)};
}

tl::unexpected<Error> bad_instrument(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), "bad_setting");
}

Result<void> check_words(LegalInstrument& instrument) {
  for (auto* words : {&instrument.title_vi, &instrument.title_en, &instrument.article}) {
    auto clean = text::clean_line(*words, instrument_text_size_max);
    if (!clean) return bad_instrument("a legal instrument: " + clean.error().message);
    *words = std::move(*clean);
  }
  if (instrument.title_vi.empty() || instrument.title_en.empty()) {
    return bad_instrument("a legal instrument needs its titles");
  }
  // It becomes a link on public pages.
  const bool is_address = instrument.url.empty() || instrument.url.starts_with("https://");
  const bool is_plain = std::all_of(instrument.url.begin(), instrument.url.end(),
                                    [](char c) { return c > ' ' && c < 0x7f; });
  if (!is_address || !is_plain || instrument.url.size() > instrument_text_size_max) {
    return bad_instrument("its address begins with https://");
  }
  if (instrument.valid_until_ms && *instrument.valid_until_ms <= instrument.valid_from_ms) {
    return bad_instrument("it ends before it begins");
  }
  return {};
}

}  // namespace

bool supports(const LegalInstrument& instrument, Category category, InstantMs at_ms) noexcept {
  if (at_ms < instrument.valid_from_ms) return false;
  if (instrument.valid_until_ms && at_ms >= *instrument.valid_until_ms) return false;
  return instrument.categories.empty() ||
         std::find(instrument.categories.begin(), instrument.categories.end(), category) !=
             instrument.categories.end();
}

Result<std::vector<LegalInstrument>> list_instruments(store::Executor& db, InstantMs at_ms,
                                                      std::optional<Category> category) {
  auto rows = db.query(sql_list, {at_ms});
  if (!rows) return propagate(std::move(rows).error(), "list legal instruments");
  std::vector<LegalInstrument> instruments;
  for (const auto& row : *rows) {
    auto instrument = read_instrument(row);
    if (!instrument) return tl::unexpected<Error>{std::move(instrument).error()};
    if (category && !supports(*instrument, *category, at_ms)) continue;
    instruments.push_back(std::move(*instrument));
  }
  return instruments;
}

Result<std::vector<LegalInstrument>> list_all_instruments(store::Executor& db) {
  auto rows = db.query(sql_list_all);
  if (!rows) return propagate(std::move(rows).error(), "list legal instruments");
  std::vector<LegalInstrument> instruments;
  for (const auto& row : *rows) {
    auto instrument = read_instrument(row);
    if (!instrument) return tl::unexpected<Error>{std::move(instrument).error()};
    instruments.push_back(std::move(*instrument));
  }
  return instruments;
}

Result<std::int64_t> count_orders_on(store::Executor& db, const InstrumentId& id) {
  auto row = db.query_one(sql_orders_on, {id});
  if (!row) return propagate(std::move(row).error(), "count orders on a legal instrument");
  return (*row)->integer(0);
}

Result<LegalInstrument> load_instrument(store::Executor& db, const InstrumentId& id) {
  auto row = db.query_one(sql_load, {id});
  if (!row) return propagate(std::move(row).error(), "load a legal instrument");
  if (!row->has_value()) return fail(ErrorCode::not_found, "no such legal instrument");
  return read_instrument(**row);
}

Result<LegalInstrument> add_instrument(store::Transaction& tx, const Context& context,
                                       const ConfigurationAct& act, LegalInstrument instrument) {
  auto reason = clean_reason(act.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  if (auto good = check_words(instrument); !good) return tl::unexpected<Error>{good.error()};
  if (std::any_of(instrument.categories.begin(), instrument.categories.end(), is_choice)) {
    return fail(ErrorCode::invalid_argument, "there is no order for a network choice",
                "choice_category");
  }
  if (instrument.id.empty()) instrument.id = InstrumentId::make(context.clock, context.rng);
  auto done = tx.execute(sql_add, {instrument.id, instrument.title_vi, instrument.title_en,
                                   instrument.article, instrument.url, join(instrument.categories),
                                   instrument.valid_from_ms, instrument.valid_until_ms});
  if (!done) return propagate(std::move(done).error(), "add a legal instrument");
  auto event =
      record_event(tx, context,
                   {.kind = "instrument.added",
                    .record = "instrument",
                    .record_id = instrument.id.value,
                    .text = fmt::format("{}\n{}", instrument.title_vi, *reason),
                    .fields = {{"basis", std::string{act.basis}},
                               {"text_sha256", codec::hex(crypto::sha256(instrument.title_vi))},
                               {"valid_from_ms", instrument.valid_from_ms}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return instrument;
}

Result<void> end_instrument(store::Transaction& tx, const Context& context,
                            const ConfigurationAct& act, const InstrumentId& id,
                            std::optional<InstantMs> end_ms) {
  auto reason = clean_reason(act.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto instrument = load_instrument(tx, id);
  if (!instrument) return tl::unexpected<Error>{std::move(instrument).error()};
  const auto now_ms = context.clock.now_ms();
  const auto until_ms = end_ms.value_or(now_ms);
  if (until_ms < now_ms || until_ms < instrument->valid_from_ms) {
    return fail(ErrorCode::invalid_argument,
                "what rested on it yesterday rested on it: an end is now or later",
                "end_date_past");
  }
  if (instrument->valid_until_ms && *instrument->valid_until_ms <= now_ms) {
    return fail(ErrorCode::conflict, "it has ended; add a new one", "already_ended");
  }
  auto done = tx.execute(sql_end, {id, until_ms});
  if (!done) return propagate(std::move(done).error(), "end a legal instrument");
  auto event =
      record_event(tx, context,
                   {.kind = "instrument.ended",
                    .record = "instrument",
                    .record_id = id.value,
                    .text = *reason,
                    .fields = {{"basis", std::string{act.basis}}, {"valid_until_ms", until_ms}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return {};
}

}  // namespace khien::cases
