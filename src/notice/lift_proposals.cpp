#include "notice/lift_proposals.h"

#include <algorithm>

#include "notice/filled.h"

namespace khien::notice {

Mail lift_proposals_mail(const Texts& texts, const ProposedLifts& lifts) {
  const auto text = [&](std::string_view key) { return texts(lifts.language, key); };
  const auto shown = std::min(lifts.items.size(), proposed_lifts_told_max);
  const auto total = std::to_string(lifts.total);
  std::string list;
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& lift = lifts.items[i];
    const bool unspoken = lift.category == Category::child_abuse;
    list += lift.number + "  " + (unspoken ? text("mail.sign.no-name") : defanged(lift.name)) +
            "\n" + text("mail.lifts.finding") + ": " + text("finding." + lift.finding) + "\n" +
            text("mail.lifts.lapses") + ": " + lift.lapses + "\n" + lift.link + "\n\n";
  }
  const auto left = lifts.total - static_cast<std::int64_t>(shown);
  if (left > 0) {
    list += filled(text("mail.lifts.more"), {{"count", std::to_string(left)}}) + "\n\n";
  }
  return {.to = {},
          .subject = filled(text("mail.lifts.subject"), {{"count", total}}),
          .text = filled(text("mail.lifts"), {{"count", total}}) + "\n\n" + list +
                  text("mail.lifts.all") + "\n" + lifts.link + "\n\n" + text("mail.lifts.why") +
                  "\n"};
}

}  // namespace khien::notice
