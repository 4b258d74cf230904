#include "publish/zone_names.h"

#include <algorithm>
#include <functional>

#include "base/enum_words.h"

namespace khien::publish {
namespace {

constexpr std::array<std::string_view, 3> ring_words{"own", "partner", "all"};

dns::Name name_of(std::string_view text) {
  auto name = dns::Name::from_text(text);
  KHIEN_ASSERT(name.has_value());
  return std::move(*name);
}

ZoneFacts make_zone(std::string id) {
  ZoneFacts facts;
  facts.name = name_of(id + ".rpz.khien.");
  facts.id = std::move(id);
  return facts;
}

std::vector<ZoneFacts> make_zones() {
  std::vector<ZoneFacts> zones;
  zones.push_back(make_zone("pass"));
  zones.back().action = dns::RpzAction::passthru;
  zones.push_back(make_zone("emergency"));
  zones.back().expire_s = emergency_expire_s;
  for (const std::string_view basis : {"orders", "feeds"}) {
    for (const CategoryFacts& facts : all_categories()) {
      if (is_choice(facts.category)) continue;
      zones.push_back(make_zone(std::string{basis} + "-" + std::string{facts.id}));
      zones.back().keys_only = facts.category == Category::child_abuse;
    }
  }
  for (const CategoryFacts& facts : all_categories()) {
    if (is_choice(facts.category)) zones.push_back(make_zone(std::string{facts.id}));
  }
  for (const Ring ring : trial_rings) {
    for (const CategoryFacts& facts : all_categories()) {
      if (is_choice(facts.category)) continue;
      zones.push_back(
          make_zone("trial-" + std::string{to_string(ring)} + "-" + std::string{facts.id}));
      zones.back().ring = ring;
      zones.back().expire_s = trial_expire_s;
      zones.back().keys_only = facts.category == Category::child_abuse;
    }
  }
  for (const CategoryFacts& facts : all_categories()) {
    if (is_choice(facts.category)) continue;
    zones.push_back(make_zone("addresses-" + std::string{facts.id}));
    zones.back().of = SetOf::addresses;
    zones.back().keys_only = facts.category == Category::child_abuse;
  }
  zones.push_back(make_zone("urls-emergency"));
  zones.back().expire_s = emergency_expire_s;
  zones.back().of = SetOf::urls;
  for (const CategoryFacts& facts : all_categories()) {
    if (is_choice(facts.category)) continue;
    zones.push_back(make_zone("urls-" + std::string{facts.id}));
    zones.back().of = SetOf::urls;
    zones.back().keys_only = facts.category == Category::child_abuse;
  }
  return zones;
}

/// For each of all_sets(): its trial zones, in the order of trial_rings.
std::vector<std::array<const ZoneFacts*, trial_rings.size()>> find_trial_zones() {
  std::vector<std::array<const ZoneFacts*, trial_rings.size()>> all;
  for (const ZoneFacts& zone : all_sets()) {
    auto& trials = all.emplace_back();
    const auto dash = zone.id.find('-');
    const auto basis = zone.id.substr(0, dash);
    if (basis != "orders" && basis != "feeds") continue;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      trials[i] =
          find_zone("trial-" + std::string{to_string(trial_rings[i])} + zone.id.substr(dash));
      KHIEN_ASSERT(trials[i] != nullptr);
    }
  }
  return all;
}

}  // namespace

std::string_view to_string(Ring ring) noexcept {
  return ring_words[static_cast<std::size_t>(ring)];
}

std::optional<Ring> parse_ring(std::string_view word) noexcept {
  return parse_word<Ring>(ring_words, word);
}

const std::vector<ZoneFacts>& all_sets() {
  static const std::vector<ZoneFacts> sets = make_zones();
  return sets;
}

std::span<const ZoneFacts> all_zones() {
  static const std::span<const ZoneFacts> zones = [] {
    const auto first = std::ranges::find(all_sets(), SetOf::addresses, &ZoneFacts::of);
    return std::span{all_sets()}.first(static_cast<std::size_t>(first - all_sets().begin()));
  }();
  return zones;
}

const ZoneFacts* find_zone(std::string_view name) {
  const ZoneFacts* found = find_set(name);
  return found != nullptr && found->of == SetOf::names ? found : nullptr;
}

const ZoneFacts* find_set(std::string_view name) {
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  constexpr std::string_view suffix = ".rpz.khien";
  if (name.ends_with(suffix)) name.remove_suffix(suffix.size());
  for (const ZoneFacts& zone : all_sets()) {
    if (zone.id == name) return &zone;
  }
  return nullptr;
}

const ZoneFacts* zone_for(Basis basis, Category category) {
  if (is_choice(category)) {
    return basis == Basis::choice ? find_zone(to_string(category)) : nullptr;
  }
  switch (basis) {
    case Basis::emergency:
      // These names go to nobody without a key, and the emergency zone goes to addresses too.
      if (category == Category::child_abuse) return find_zone("orders-child-abuse");
      return find_zone("emergency");
    case Basis::orders: return find_zone("orders-" + std::string{to_string(category)});
    case Basis::feeds: return find_zone("feeds-" + std::string{to_string(category)});
    case Basis::choice: return nullptr;
  }
  return nullptr;
}

const ZoneFacts* trial_zone_for(const ZoneFacts& zone, Ring ring) {
  static const auto trials = find_trial_zones();
  const auto* const first = all_sets().data();
  // The catalog zone, and copies that tests make, are none of ours.
  if (ring == Ring::all || std::less{}(&zone, first) ||
      !std::less{}(&zone, first + all_sets().size())) {
    return nullptr;
  }
  return trials[static_cast<std::size_t>(&zone - first)][static_cast<std::size_t>(ring)];
}

const ZoneFacts* address_set_for(Category category) {
  return find_set("addresses-" + std::string{to_string(category)});
}

const ZoneFacts* url_set_for(Basis basis, Category category) {
  const bool of_orders = basis == Basis::orders || basis == Basis::emergency;
  if (!of_orders || is_choice(category)) return nullptr;
  // As with names: those of child abuse never go where anybody may look.
  if (basis == Basis::emergency && category != Category::child_abuse) {
    return find_set("urls-emergency");
  }
  return find_set("urls-" + std::string{to_string(category)});
}

const ZoneFacts* set_for(SetOf of, Basis basis, Category category) {
  switch (of) {
    case SetOf::names: return zone_for(basis, category);
    case SetOf::addresses: return basis == Basis::orders ? address_set_for(category) : nullptr;
    case SetOf::urls: return url_set_for(basis, category);
  }
  return nullptr;
}

dns::Soa soa_of(const ZoneFacts& zone, std::uint32_t serial) {
  static const dns::Name primary = name_of("primary.rpz.khien.");
  static const dns::Name mailbox = name_of("hostmaster.rpz.khien.");
  return {.primary = primary,
          .mailbox = mailbox,
          .serial = serial,
          .refresh_s = refresh_s,
          .retry_s = retry_s,
          .expire_s = zone.expire_s,
          .minimum_s = negative_ttl_s};
}

}  // namespace khien::publish
