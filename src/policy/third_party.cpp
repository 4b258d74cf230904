#include "policy/third_party.h"

#include <array>

namespace khien::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Override>, 8> overrides{
    {{"given", Override::given},
     {"passthru", Override::passthru},
     {"nodata", Override::nodata},
     {"nxdomain", Override::nxdomain},
     {"drop", Override::drop},
     {"tcp-only", Override::tcp_only},
     {"disabled", Override::disabled},
     {"cname", Override::cname}}};

}  // namespace

std::optional<Override> parse_override(std::string_view id) noexcept {
  for (const auto& [name, value] : overrides) {
    if (name == id) return value;
  }
  return std::nullopt;
}

std::string_view to_string(Override override_action) noexcept {
  for (const auto& [name, value] : overrides) {
    if (value == override_action) return name;
  }
  return "given";
}

Result<std::shared_ptr<const ThirdParty>> ThirdParty::of(std::vector<ThirdPartyZone> zones) {
  if (zones.size() > third_party_max) {
    return fail(ErrorCode::limit_exceeded,
                "more than " + std::to_string(third_party_max) + " zones of third parties",
                "third_party_zones");
  }
  auto made = std::make_shared<ThirdParty>();
  for (ThirdPartyZone& zone : zones) {
    if (made->find(zone.name)) {
      return fail(ErrorCode::conflict, "the zone " + zone.name + " is there twice");
    }
    const Basis listed = is_choice(zone.category) ? Basis::choice : Basis::feeds;
    const auto same = source_of(zone.on_trial ? Basis::orders : listed, zone.category);
    KHIEN_ASSERT(same.has_value());
    if (zone.override_action == Override::disabled) {
      made->disabled_ |= mask_of(source_at(made->zones_.size()));
    }
    made->stands_for_.push_back(*same);
    made->zones_.push_back(std::move(zone));
  }
  return std::shared_ptr<const ThirdParty>{std::move(made)};
}

std::optional<Source> ThirdParty::find(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if (zones_[i].name == name) return source_at(i);
  }
  return std::nullopt;
}

SourceMask ThirdParty::widen(SourceMask sources) const noexcept {
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if ((sources & mask_of(stands_for_[i])) != 0) sources |= mask_of(source_at(i));
  }
  return sources;
}

}  // namespace khien::policy
