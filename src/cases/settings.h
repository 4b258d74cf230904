// Dated configuration: a change is a new row with the day from which it counts, so that a past
// record is read with the configuration of its day. Nothing here can loosen a rule of order.h. Who
// may change it is whoever may run `khienctl` on the server: no route of the API leads here, and
// the ledger says so (docs/adr/0701-configuration.md). An act names the decision that it rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "base/clock.h"
#include "cases/calendar.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "store/executor.h"

namespace khien::cases {

/// How a change of configuration came to be; the leaf names the basis, the event holds the reason.
struct ConfigurationAct {
  std::string_view basis;   ///< a code: "operator" or "demo"
  std::string_view reason;  ///< for example the number of the decision: 3 to reason_size_max octets
};
inline constexpr ConfigurationAct demo_act{.basis = "demo", .reason = "demo"};

enum class Setting : std::uint8_t {
  body_name_vi,  ///< the authority as orders and the register name it
  body_name_en,
  body_contact,
  number_prefix,   ///< 1 to 6 of A-Z and 0-9
  address_orders,  ///< "on" or "off": whether addresses and prefixes may be ordered at all
};
[[nodiscard]] std::string_view to_string(Setting setting) noexcept;
[[nodiscard]] std::optional<Setting> parse_setting(std::string_view word) noexcept;

/// The value in force at `at_ms`, or the built-in one (prefix "NB", addresses "off", names empty).
[[nodiscard]] Result<std::string> read_setting(store::Executor& db, Setting setting,
                                               InstantMs at_ms);
/// Whether orders on addresses may be drafted and signed at `at_ms`; those in force go on.
[[nodiscard]] Result<bool> may_order_addresses(store::Executor& db, InstantMs at_ms);
/// From `from_ms` on (now or later). invalid_argument "bad_setting", "reason_needed". Leaf
/// setting.changed.
[[nodiscard]] Result<void> change_setting(store::Transaction& tx, const Context& context,
                                          const ConfigurationAct& act, Setting setting,
                                          std::string_view value, InstantMs from_ms);

struct LegalInstrument {
  InstrumentId id;
  std::string title_vi;
  std::string title_en;
  std::string article;
  std::string url;
  std::vector<Category> categories;  ///< empty: any
  InstantMs valid_from_ms = 0;
  std::optional<InstantMs> valid_until_ms;
};
/// Those in force at `at_ms`, for `category` if given.
[[nodiscard]] Result<std::vector<LegalInstrument>> list_instruments(
    store::Executor& db, InstantMs at_ms, std::optional<Category> category);
/// All that ever stood, with those that begin later or have ended; newest first.
[[nodiscard]] Result<std::vector<LegalInstrument>> list_all_instruments(store::Executor& db);
[[nodiscard]] Result<LegalInstrument> load_instrument(store::Executor& db, const InstrumentId& id);
/// True if it is in force at `at_ms` and meant for `category`.
[[nodiscard]] bool supports(const LegalInstrument& instrument, Category category,
                            InstantMs at_ms) noexcept;
/// An empty id is given one. invalid_argument "bad_setting" (no title, a text with control
/// characters or too long, an address that is not https, an end before the beginning),
/// "choice_category", "reason_needed". Leaf instrument.added.
[[nodiscard]] Result<LegalInstrument> add_instrument(store::Transaction& tx, const Context& context,
                                                     const ConfigurationAct& act,
                                                     LegalInstrument instrument);
/// From `until_ms` on (at once without it) no order can be proposed or approved on it; orders in
/// force go on to their own end. invalid_argument "end_date_past"; conflict "already_ended";
/// not_found. Leaf instrument.ended.
[[nodiscard]] Result<void> end_instrument(store::Transaction& tx, const Context& context,
                                          const ConfigurationAct& act, const InstrumentId& id,
                                          std::optional<InstantMs> until_ms);
/// Orders in force that rest on it.
[[nodiscard]] Result<std::int64_t> count_orders_on(store::Executor& db, const InstrumentId& id);

[[nodiscard]] Result<Calendar> read_calendar(store::Executor& db);
enum class SpecialDay : std::uint8_t { holiday, makeup };
/// Replaces what stood for that day. invalid_argument "reason_needed". Leaf calendar.changed.
[[nodiscard]] Result<void> set_special_day(store::Transaction& tx, const Context& context,
                                           const ConfigurationAct& act, DayNumber day,
                                           SpecialDay kind, std::string_view name);
struct NamedDay {
  std::string day;  ///< "2027-02-05"
  SpecialDay kind = SpecialDay::holiday;
  std::string name;
};
/// All that stand, by day.
[[nodiscard]] Result<std::vector<NamedDay>> list_special_days(store::Executor& db);

/// The resolvers whose enforcement is followed; an order is verified when all of them are.
[[nodiscard]] Result<std::vector<std::string>> followed_resolvers(store::Executor& db,
                                                                  InstantMs at_ms);
/// At start-up, from the program's configuration: `names` are followed from now on, others no more.
/// No leaf: it changes how we look, not what is blocked.
[[nodiscard]] Result<void> follow_resolvers(store::Transaction& tx, const Context& context,
                                            const std::vector<std::string>& names);

/// Fills an empty database with the demo authority, real legal instruments (to be checked by a
/// lawyer before use) and Vietnam's holidays of 2026 and 2027. Changes nothing that is there.
[[nodiscard]] Result<void> install_demo_configuration(store::Transaction& tx,
                                                      const Context& context);

}  // namespace khien::cases
