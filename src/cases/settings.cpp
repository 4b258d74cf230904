#include "cases/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cases/record.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "text/normalise.h"

namespace khien::cases {
namespace {

constexpr std::array<std::string_view, 5> setting_words{
    "body_name_vi", "body_name_en", "body_contact", "number_prefix", "address_orders"};
constexpr std::size_t setting_size_max = 1'000;  // octets
constexpr std::size_t prefix_size_max = 6;
constexpr std::string_view default_prefix = "NB";
constexpr std::string_view default_address_orders = "off";

constexpr std::string_view sql_read = R"(
SELECT value FROM setting WHERE name = $1 AND valid_from_ms <= $2
ORDER BY valid_from_ms DESC, id DESC LIMIT 1)";
constexpr std::string_view sql_change =
    "INSERT INTO setting (name, value, valid_from_ms, set_at_ms) VALUES ($1, $2, $3, $4)";
constexpr std::string_view sql_special_days =
    "SELECT day, kind, name FROM special_day ORDER BY day";
constexpr std::string_view sql_set_special_day = R"(
INSERT INTO special_day (day, kind, name) VALUES ($1, $2, $3)
ON CONFLICT (day) DO UPDATE SET kind = excluded.kind, name = excluded.name)";
constexpr std::string_view sql_followed = R"(
SELECT name FROM followed_resolver
WHERE valid_from_ms <= $1 AND (valid_until_ms IS NULL OR valid_until_ms > $1) ORDER BY name)";
constexpr std::string_view sql_unfollow =
    "UPDATE followed_resolver SET valid_until_ms = $2 WHERE name = $1 AND valid_until_ms IS NULL";
constexpr std::string_view sql_follow =
    "INSERT INTO followed_resolver (name, valid_from_ms) VALUES ($1, $2)";

bool is_prefix(std::string_view value) noexcept {
  return !value.empty() && value.size() <= prefix_size_max &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string_view to_string(Setting setting) noexcept {
  return setting_words[static_cast<std::size_t>(setting)];
}

std::optional<Setting> parse_setting(std::string_view word) noexcept {
  const auto found = std::find(setting_words.begin(), setting_words.end(), word);
  if (found == setting_words.end()) return std::nullopt;
  return static_cast<Setting>(found - setting_words.begin());
}

Result<std::string> read_setting(store::Executor& db, Setting setting, InstantMs at_ms) {
  auto row = db.query_one(sql_read, {to_string(setting), at_ms});
  if (!row) return propagate(std::move(row).error(), "read a setting");
  if (row->has_value()) return (*row)->text(0);
  if (setting == Setting::address_orders) return std::string{default_address_orders};
  return std::string{setting == Setting::number_prefix ? default_prefix : std::string_view{}};
}

Result<bool> may_order_addresses(store::Executor& db, InstantMs at_ms) {
  auto value = read_setting(db, Setting::address_orders, at_ms);
  if (!value) return tl::unexpected<Error>{std::move(value).error()};
  return *value == "on";
}

Result<void> change_setting(store::Transaction& tx, const Context& context,
                            const ConfigurationAct& act, Setting setting, std::string_view value,
                            InstantMs from_ms) {
  auto reason = clean_reason(act.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  auto clean = text::clean_line(value, setting_size_max);
  if (!clean) return propagate(std::move(clean).error(), "read a setting's value");
  if (clean->empty()) {
    return fail(ErrorCode::invalid_argument, "a setting needs a value", "bad_setting");
  }
  if (setting == Setting::number_prefix && !is_prefix(*clean)) {
    return fail(ErrorCode::invalid_argument, "a prefix has 1 to 6 characters of A-Z and 0-9",
                "bad_setting");
  }
  if (setting == Setting::address_orders && *clean != "on" && *clean != "off") {
    return fail(ErrorCode::invalid_argument, "address_orders is on or off", "bad_setting");
  }
  const auto now_ms = context.clock.now_ms();
  auto done =
      tx.execute(sql_change, {to_string(setting), *clean, std::max(from_ms, now_ms), now_ms});
  if (!done) return propagate(std::move(done).error(), "change a setting");
  auto event = record_event(tx, context,
                            {.kind = "setting.changed",
                             .record = "setting",
                             .record_id = std::string{to_string(setting)},
                             .text = fmt::format("{}\n{}", *clean, *reason),
                             .fields = {{"basis", std::string{act.basis}},
                                        {"value_sha256", codec::hex(crypto::sha256(*clean))},
                                        {"valid_from_ms", std::max(from_ms, now_ms)}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return {};
}

Result<Calendar> read_calendar(store::Executor& db) {
  auto rows = db.query(sql_special_days);
  if (!rows) return propagate(std::move(rows).error(), "read the calendar");
  Calendar calendar;
  for (const auto& row : *rows) {
    const auto day = parse_day(row.text(0));
    if (!day) return fail(ErrorCode::corrupt, "the calendar has a day that is none");
    (row.text(1) == "holiday" ? calendar.holidays : calendar.makeup_days).insert(*day);
  }
  return calendar;
}

Result<std::vector<NamedDay>> list_special_days(store::Executor& db) {
  auto rows = db.query(sql_special_days);
  if (!rows) return propagate(std::move(rows).error(), "read the calendar");
  std::vector<NamedDay> days;
  for (const auto& row : *rows) {
    days.push_back({.day = row.text(0),
                    .kind = row.text(1) == "holiday" ? SpecialDay::holiday : SpecialDay::makeup,
                    .name = row.text(2)});
  }
  return days;
}

Result<void> set_special_day(store::Transaction& tx, const Context& context,
                             const ConfigurationAct& act, DayNumber day, SpecialDay kind,
                             std::string_view name) {
  auto reason = clean_reason(act.reason);
  if (!reason) return tl::unexpected<Error>{std::move(reason).error()};
  const std::string_view kind_word = kind == SpecialDay::holiday ? "holiday" : "makeup";
  auto done = tx.execute(sql_set_special_day, {day_text(day), kind_word, name});
  if (!done) return propagate(std::move(done).error(), "set a special day");
  auto event = record_event(tx, context,
                            {.kind = "calendar.changed",
                             .record = "calendar",
                             .record_id = day_text(day),
                             .after = kind_word,
                             .text = fmt::format("{}\n{}", name, *reason),
                             .fields = {{"basis", std::string{act.basis}}}});
  if (!event) return tl::unexpected<Error>{std::move(event).error()};
  return {};
}

Result<std::vector<std::string>> followed_resolvers(store::Executor& db, InstantMs at_ms) {
  auto rows = db.query(sql_followed, {at_ms});
  if (!rows) return propagate(std::move(rows).error(), "list followed resolvers");
  std::vector<std::string> names;
  for (const auto& row : *rows) names.push_back(row.text(0));
  return names;
}

Result<void> follow_resolvers(store::Transaction& tx, const Context& context,
                              const std::vector<std::string>& names) {
  const auto now_ms = context.clock.now_ms();
  auto old = followed_resolvers(tx, now_ms);
  if (!old) return tl::unexpected<Error>{std::move(old).error()};
  const auto holds = [](const std::vector<std::string>& list, const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  for (const auto& name : *old) {
    if (holds(names, name)) continue;
    auto done = tx.execute(sql_unfollow, {name, now_ms});
    if (!done) return propagate(std::move(done).error(), "stop following a resolver");
  }
  for (const auto& name : names) {
    if (holds(*old, name)) continue;
    auto done = tx.execute(sql_follow, {name, now_ms});
    if (!done) return propagate(std::move(done).error(), "follow a resolver");
  }
  return {};
}

}  // namespace khien::cases
