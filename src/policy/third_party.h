// The zones of third parties that an operator obeys beside khiend's: which slot among the sources
// each has, what it stands for, and what the operator wants in place of what it says. The operator
// names a category of the closed list, and with it the basis: a third party's zone is a feed or a
// network's choice, never an order. khiend's own trial zones (ADR 0307) have slots here, too, and
// those stand for its orders. Immutable once made; any thread may read it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "policy/source.h"

namespace khien::policy {

/// What an operator wants of a zone in place of its own actions (BIND's "policy").
enum class Override : std::uint8_t {
  given,  ///< what the zone says
  passthru,
  nodata,
  nxdomain,
  drop,
  tcp_only,
  disabled,  ///< matches are counted and decide nothing
  cname,     ///< every match is led to one name
};

[[nodiscard]] std::optional<Override> parse_override(std::string_view id) noexcept;
[[nodiscard]] std::string_view to_string(Override override_action) noexcept;

struct ThirdPartyZone {
  std::string name;  ///< "rpz.feed.example.", absolute
  Category category = Category::phishing;
  Override override_action = Override::given;
  dns::Name redirect = {};  ///< of Override::cname
  bool on_trial = false;    ///< a trial zone of khiend's, from its primary
};

class ThirdParty {
 public:
  /// Slots in the order of `zones`. limit_exceeded above third_party_max, conflict if a name is
  /// there twice.
  [[nodiscard]] static Result<std::shared_ptr<const ThirdParty>> of(
      std::vector<ThirdPartyZone> zones);

  [[nodiscard]] std::size_t size() const noexcept { return zones_.size(); }
  [[nodiscard]] static Source source_at(std::size_t index) noexcept {
    return {static_cast<std::uint8_t>(source_count + index)};
  }
  /// `source` is one of these zones.
  [[nodiscard]] const ThirdPartyZone& zone_of(Source source) const noexcept {
    return zones_[source.index - source_count];
  }
  [[nodiscard]] std::optional<Source> find(std::string_view name) const noexcept;
  /// The source of khiend's with the same basis and category: a network obeys both or none, and
  /// both are answered alike.
  [[nodiscard]] Source stands_for(Source source) const noexcept {
    return stands_for_[source.index - source_count];
  }
  /// `sources` and the third parties' that stand for one of them.
  [[nodiscard]] SourceMask widen(SourceMask sources) const noexcept;
  /// Those with Override::disabled.
  [[nodiscard]] SourceMask disabled() const noexcept { return disabled_; }

 private:
  std::vector<ThirdPartyZone> zones_;
  std::vector<Source> stands_for_;
  SourceMask disabled_ = 0;
};

}  // namespace khien::policy
