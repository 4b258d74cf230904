// Settings, legal grounds and the calendar, entered by whoever has the server. Each change rests on
// a decision that is named, and becomes a leaf of the public log (docs/adr/0701-configuration.md).
#include "cases/settings.h"

#include <fmt/format.h>

#include <array>

#include "base/category.h"
#include "commands.h"
#include "operator_context.h"

namespace khien::khienctl {
namespace {

using cases::InstrumentId;
using cases::Setting;

constexpr std::array settings{Setting::body_name_vi, Setting::body_name_en, Setting::body_contact,
                              Setting::number_prefix, Setting::address_orders};

cases::ConfigurationAct act_of(const std::string& decision) {
  return {.basis = "operator", .reason = decision};
}

/// Midnight in Vietnam at the beginning of that day.
Result<InstantMs> instant_of(const std::string& text) {
  const auto day = cases::parse_day(text);
  if (!day) return fail(ErrorCode::invalid_argument, text + " is no day: write YYYY-MM-DD");
  return *day * ms_per_day - cases::vietnam_offset_ms;
}

std::string day_of(InstantMs at_ms) {
  return cases::day_text((at_ms + cases::vietnam_offset_ms) / ms_per_day);
}

/// Runs `work(tx, context)` in one transaction on the place's database.
template <typename Work>
auto change(const Place& place, Work work)
    -> std::invoke_result_t<Work, store::Transaction&, const cases::Context&> {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto context = OperatorContext::open(place);
  if (!context) return tl::unexpected<Error>{std::move(context).error()};
  const auto cases_context = (*context)->cases();
  return (*database)->transact([&](store::Transaction& tx) { return work(tx, cases_context); });
}

Result<std::vector<Category>> categories_of(const std::vector<std::string>& words) {
  std::vector<Category> categories;
  for (const auto& word : words) {
    const auto category = parse_category(word);
    if (!category) return fail(ErrorCode::invalid_argument, word + " is no category");
    categories.push_back(*category);
  }
  return categories;
}

void print_ground(const cases::LegalInstrument& ground, InstantMs now_ms) {
  std::string categories;
  for (const auto category : ground.categories) {
    categories += (categories.empty() ? "" : ",") + std::string{khien::to_string(category)};
  }
  const bool ended = ground.valid_until_ms && *ground.valid_until_ms <= now_ms;
  const auto state = ended ? "ended" : ground.valid_from_ms > now_ms ? "later" : "in force";
  fmt::print("{}  {:<8}  {} to {}  {}\n    {} {}\n    {}\n", ground.id.value, state,
             day_of(ground.valid_from_ms),
             ground.valid_until_ms ? day_of(*ground.valid_until_ms) : "further notice",
             categories.empty() ? "every category" : categories, ground.title_vi, ground.article,
             ground.title_en);
}

}  // namespace

Result<void> setting_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  return (*database)->read([&](store::Executor& db) -> Result<void> {
    for (const auto setting : settings) {
      auto value = cases::read_setting(db, setting, clock.now_ms());
      if (!value) return tl::unexpected<Error>{std::move(value).error()};
      fmt::print("{:<14} {}\n", cases::to_string(setting), value->empty() ? "(not set)" : *value);
    }
    return {};
  });
}

Result<void> setting_set(const Place& place, const SettingSet& wanted) {
  const auto setting = cases::parse_setting(wanted.name);
  if (!setting) {
    return fail(ErrorCode::invalid_argument,
                wanted.name + " is no setting; `khienctl setting list` shows all");
  }
  Result<InstantMs> from = 0;  // at once
  if (!wanted.from.empty()) from = instant_of(wanted.from);
  if (!from) return tl::unexpected<Error>{from.error()};
  return change(place, [&](store::Transaction& tx, const cases::Context& context) {
    return cases::change_setting(tx, context, act_of(wanted.decision), *setting, wanted.value,
                                 *from);
  });
}

Result<void> ground_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto grounds =
      (*database)->read([](store::Executor& db) { return cases::list_all_instruments(db); });
  if (!grounds) return tl::unexpected<Error>{std::move(grounds).error()};
  const SystemClock clock;
  for (const auto& ground : *grounds) print_ground(ground, clock.now_ms());
  if (grounds->empty()) {
    fmt::print("There is no legal ground, so nothing can be ordered: khienctl ground add --help\n");
  }
  return {};
}

Result<void> ground_add(const Place& place, const GroundAdd& wanted) {
  auto categories = categories_of(wanted.categories);
  if (!categories) return tl::unexpected<Error>{std::move(categories).error()};
  const auto from = instant_of(wanted.from);
  if (!from) return tl::unexpected<Error>{from.error()};
  std::optional<InstantMs> until;
  if (!wanted.until.empty()) {
    const auto day = instant_of(wanted.until);
    if (!day) return tl::unexpected<Error>{day.error()};
    until = *day + ms_per_day;  // the day itself still counts
  }
  auto added = change(place, [&](store::Transaction& tx, const cases::Context& context) {
    return cases::add_instrument(tx, context, act_of(wanted.decision),
                                 {.id = {},
                                  .title_vi = wanted.title_vi,
                                  .title_en = wanted.title_en,
                                  .article = wanted.article,
                                  .url = wanted.url,
                                  .categories = *categories,
                                  .valid_from_ms = *from,
                                  .valid_until_ms = until});
  });
  if (!added) return tl::unexpected<Error>{std::move(added).error()};
  const SystemClock clock;
  print_ground(*added, clock.now_ms());
  return {};
}

Result<void> ground_end(const Place& place, const GroundEnd& wanted) {
  std::optional<InstantMs> until;  // at once
  if (!wanted.on.empty()) {
    const auto day = instant_of(wanted.on);
    if (!day) return tl::unexpected<Error>{day.error()};
    until = *day;
  }
  const InstrumentId id{wanted.id};
  auto orders = change(
      place, [&](store::Transaction& tx, const cases::Context& context) -> Result<std::int64_t> {
        auto ended = cases::end_instrument(tx, context, act_of(wanted.decision), id, until);
        if (!ended) return tl::unexpected<Error>{std::move(ended).error()};
        return cases::count_orders_on(tx, id);
      });
  if (!orders) return tl::unexpected<Error>{std::move(orders).error()};
  fmt::print("No new order can rest on it from then on.\n");
  if (*orders > 0) {
    fmt::print("{} orders in force rest on it and go on to their own end: review or lift them.\n",
               *orders);
  }
  return {};
}

Result<void> calendar_list(const Place& place) {
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto days = (*database)->read([](store::Executor& db) { return cases::list_special_days(db); });
  if (!days) return tl::unexpected<Error>{std::move(days).error()};
  for (const auto& day : *days) {
    fmt::print("{}  {:<7}  {}\n", day.day,
               day.kind == cases::SpecialDay::holiday ? "holiday" : "makeup", day.name);
  }
  if (days->empty()) fmt::print("Every Monday to Friday is a working day.\n");
  return {};
}

Result<void> calendar_set(const Place& place, const CalendarSet& wanted) {
  const auto day = cases::parse_day(wanted.day);
  if (!day) return fail(ErrorCode::invalid_argument, wanted.day + " is no day: write YYYY-MM-DD");
  const auto kind =
      wanted.kind == "holiday" ? cases::SpecialDay::holiday : cases::SpecialDay::makeup;
  return change(place, [&](store::Transaction& tx, const cases::Context& context) {
    return cases::set_special_day(tx, context, act_of(wanted.decision), *day, kind, wanted.name);
  });
}

}  // namespace khien::khienctl
