// The demo's configuration (settings.h): an invented authority, real instruments, real holidays.
// Titles and dates of instruments are from the public record; whether one carries an order in a
// given place is for that place's lawyers.
#include <array>

#include "cases/settings.h"

namespace khien::cases {
namespace {

struct DemoInstrument {
  std::string_view id;  // fixed, so that installing twice changes nothing
  std::string_view title_vi;
  std::string_view title_en;
  std::string_view article;
  std::string_view url;
  std::string_view valid_from;
};

constexpr std::array<DemoInstrument, 4> demo_instruments{{
    {"01KHNDEM00000000000000001A", "Luật An ninh mạng 2025", "Law on Cybersecurity 2025", "",
     "https://vanban.chinhphu.vn/", "2026-07-01"},
    {"01KHNDEM00000000000000001B", "Nghị định 147/2024/NĐ-CP", "Decree 147/2024/ND-CP", "Điều 80",
     "https://vanban.chinhphu.vn/", "2024-12-25"},
    {"01KHNDEM00000000000000001C", "Nghị định 91/2020/NĐ-CP (tin nhắn, thư, cuộc gọi rác)",
     "Decree 91/2020/ND-CP (spam messages, mail and calls)", "", "https://vanban.chinhphu.vn/",
     "2020-10-01"},
    {"01KHNDEM00000000000000001D", "Kế hoạch diễn tập Khiên", "Khiên exercise plan", "", "",
     "2020-01-01"},
}};

struct DemoHolidays {
  std::string_view first;
  std::string_view last;
  std::string_view name;
};

// Tết of 2026 is on 17 February (year of the Horse), of 2027 on 6 February; the exact days off and
// the make-up days are decided by the government each year and entered then.
constexpr std::array<DemoHolidays, 11> demo_holidays{{
    {"2026-01-01", "2026-01-01", "Tết Dương lịch"},
    {"2026-02-16", "2026-02-20", "Tết Bính Ngọ"},
    {"2026-04-26", "2026-04-27", "Giỗ Tổ Hùng Vương"},
    {"2026-04-30", "2026-05-01", "Ngày Chiến thắng, Quốc tế Lao động"},
    {"2026-09-01", "2026-09-02", "Quốc khánh"},
    {"2027-01-01", "2027-01-01", "Tết Dương lịch"},
    {"2027-02-05", "2027-02-09", "Tết Đinh Mùi"},
    {"2027-02-10", "2027-02-10", "Tết Đinh Mùi (nghỉ bù)"},
    {"2027-04-16", "2027-04-16", "Giỗ Tổ Hùng Vương"},
    {"2027-04-30", "2027-05-01", "Ngày Chiến thắng, Quốc tế Lao động"},
    {"2027-09-02", "2027-09-03", "Quốc khánh"},
}};

constexpr std::string_view sql_known = "SELECT count(*) FROM legal_instrument WHERE id = $1";

Result<void> install_instruments(store::Transaction& tx, const Context& context) {
  for (const auto& demo : demo_instruments) {
    auto known = tx.query_one(sql_known, {demo.id});
    if (!known) return propagate(std::move(known).error(), "look for demo instruments");
    if ((*known)->integer(0) > 0) continue;
    const auto day = parse_day(demo.valid_from);
    if (!day) return fail(ErrorCode::internal, "a demo instrument has no day");
    auto added = add_instrument(tx, context, demo_act,
                                {.id = InstrumentId{std::string{demo.id}},
                                 .title_vi = std::string{demo.title_vi},
                                 .title_en = std::string{demo.title_en},
                                 .article = std::string{demo.article},
                                 .url = std::string{demo.url},
                                 .categories = {},
                                 .valid_from_ms = *day * ms_per_day - vietnam_offset_ms,
                                 .valid_until_ms = std::nullopt});
    if (!added) return tl::unexpected<Error>{std::move(added).error()};
  }
  return {};
}

Result<void> install_holidays(store::Transaction& tx, const Context& context) {
  auto calendar = read_calendar(tx);
  if (!calendar) return tl::unexpected<Error>{std::move(calendar).error()};
  if (!calendar->holidays.empty() || !calendar->makeup_days.empty()) return {};
  for (const auto& holidays : demo_holidays) {
    const auto first = parse_day(holidays.first);
    const auto last = parse_day(holidays.last);
    if (!first || !last) return fail(ErrorCode::internal, "a demo holiday has no day");
    for (auto day = *first; day <= *last; ++day) {
      auto done = set_special_day(tx, context, demo_act, day, SpecialDay::holiday, holidays.name);
      if (!done) return done;
    }
  }
  return {};
}

Result<void> install_body(store::Transaction& tx, const Context& context) {
  const auto now_ms = context.clock.now_ms();
  constexpr std::array<std::pair<Setting, std::string_view>, 3> demo_body{{
      {Setting::body_name_vi, "Cơ quan diễn tập Khiên"},
      {Setting::body_name_en, "Khiên exercise authority"},
      {Setting::body_contact, "lien-he@khien.example"},
  }};
  for (const auto& [setting, value] : demo_body) {
    auto old = read_setting(tx, setting, now_ms);
    if (!old) return tl::unexpected<Error>{std::move(old).error()};
    if (!old->empty()) continue;
    auto done = change_setting(tx, context, demo_act, setting, value, now_ms);
    if (!done) return done;
  }
  return {};
}

}  // namespace

Result<void> install_demo_configuration(store::Transaction& tx, const Context& context) {
  auto done = install_body(tx, context);
  if (done) done = install_instruments(tx, context);
  if (done) done = install_holidays(tx, context);
  return done;
}

}  // namespace khien::cases
