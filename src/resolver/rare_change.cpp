#include "resolver/rare_change.h"

namespace khien::resolver {

using policy::RareEdit;
using policy::Rules;
using policy::Source;

namespace {

void skip(SkippedCounts& counts, Skipped reason, std::size_t count = 1) noexcept {
  counts[static_cast<std::size_t>(reason)] += count;
}

bool can_hold_any(const Rules& rules, Source source) noexcept {
  return rules.rare != nullptr && is_third_party(source);
}

/// `rules` with the zone of `source` as `editor` has it.
RareChange finished(const Rules& rules, Source source, const policy::RareZoneEditor& editor,
                    SkippedCounts skipped) {
  policy::RareZones zones = rules.rare->rules();
  auto& place = zones[source.index - policy::source_count];
  place = editor.build();
  if (place->empty()) place = nullptr;
  const policy::RareZone* zone = place.get();
  return {.rules = std::make_shared<const policy::RareRules>(rules.rare->shared_zones(),
                                                             std::move(zones)),
          .zone = zone,
          .skipped = skipped};
}

}  // namespace

RareChange RareChange::whole(const Rules& rules, Source source, const EditSpool& edits) {
  SkippedCounts skipped{};
  skip(skipped, Skipped::over_limit, edits.rare_dropped());
  const bool is_nothing = edits.rare().size() == 0;
  if (!can_hold_any(rules, source) || (is_nothing && rules.rare->zone(source) == nullptr)) {
    skip(skipped, Skipped::unsupported, edits.rare().size());
    return {.rules = rules.rare, .skipped = skipped};
  }
  policy::RareZoneEditor editor{nullptr};
  edits.rare().for_each([&](const RuleEdit& edit) {
    switch (editor.add(*edit.rare)) {
      case RareEdit::done: break;
      case RareEdit::duplicate: skip(skipped, Skipped::duplicate); break;
      case RareEdit::over_limit: skip(skipped, Skipped::over_limit); break;
      case RareEdit::missing:
      case RareEdit::conflicting: skip(skipped, Skipped::conflicting); break;
    }
  });
  return finished(rules, source, editor, skipped);
}

Result<RareChange> RareChange::changes(const Rules& rules, Source source, const EditSpool& edits) {
  RareChange unchanged{.rules = rules.rare};
  skip(unchanged.skipped, Skipped::over_limit, edits.rare_dropped());
  if (!can_hold_any(rules, source)) {
    skip(unchanged.skipped, Skipped::unsupported, edits.rare().size());
    return unchanged;
  }
  unchanged.zone = rules.rare->zone(source);
  if (edits.rare().size() == 0) return unchanged;
  policy::RareZoneEditor editor{unchanged.zone};
  SkippedCounts skipped = unchanged.skipped;
  bool fits = true;
  edits.rare().for_each([&](const RuleEdit& edit) {
    const RareEdit came = edit.add ? editor.add(*edit.rare) : editor.remove(*edit.rare);
    // What is missing may be one that had no room.
    const bool had_no_room =
        came == RareEdit::over_limit || (came == RareEdit::missing && editor.full());
    if (had_no_room) skip(skipped, Skipped::over_limit);
    fits = fits && (came == RareEdit::done || had_no_room);
  });
  if (!fits) return fail(ErrorCode::conflict, "IXFR does not fit the rare rules", "ixfr_mismatch");
  return finished(rules, source, editor, skipped);
}

}  // namespace khien::resolver
