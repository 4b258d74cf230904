// The closed list of zones that Khiên serves, one for each basis and category, and what each says:
// its RPZ action and the timers of its SOA. Among them are trial zones, in which a change is tried
// by some followers before it is for all (ADR 0307). Beside them, for each category, a set of
// addresses and one of web addresses from orders, and those of emergency orders: kept like zones
// and given out in signed lists alone. Nothing here is configuration.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "dns/rdata.h"
#include "dns/rpz.h"

namespace khien::publish {

constexpr std::uint32_t record_ttl_s = 60;    // of every RPZ record
constexpr std::uint32_t negative_ttl_s = 30;  // SOA minimum: how long a lift may lag in caches
constexpr std::uint32_t refresh_s = 60;       // for secondaries that miss a NOTIFY
constexpr std::uint32_t retry_s = 30;
/// How long a secondary may serve what it has while we are silent (docs/publish/expire.md). Long
/// enough for a week without us; short enough that a lift that never arrived is not kept for a
/// month.
constexpr std::uint32_t expire_s = 7 * 86'400;
constexpr std::uint32_t emergency_expire_s = 4 * 3'600;  // an emergency order lives four hours
/// Whoever loses sight of us, or may not take it any more, tries nothing for long.
constexpr std::uint32_t trial_expire_s = 4 * 3'600;

enum class SetOf : std::uint8_t {
  names,      ///< a zone: resolvers transfer it
  addresses,  ///< under the names of address_names.h; never in DNS
  urls,       ///< under the names of url_names.h; never in DNS
};

/// How soon a follower gets what is tried first: each ring takes in those before it.
enum class Ring : std::uint8_t {
  own,      ///< our own resolvers
  partner,  ///< one partner's
  all,      ///< everybody: nothing is tried there
};
[[nodiscard]] std::string_view to_string(Ring ring) noexcept;
[[nodiscard]] std::optional<Ring> parse_ring(std::string_view word) noexcept;
inline constexpr std::array trial_rings{Ring::own, Ring::partner};

struct ZoneFacts {
  std::string id;  ///< "orders-phishing", "pass", "emergency"
  dns::Name name;  ///< orders-phishing.rpz.khien.
  dns::RpzAction action = dns::RpzAction::nxdomain;
  std::uint32_t expire_s = publish::expire_s;
  bool keys_only = false;  ///< child abuse: never by address alone
  SetOf of = SetOf::names;
  Ring ring = Ring::all;  ///< of a trial zone: own or partner, who may take it

  [[nodiscard]] bool is_trial() const noexcept { return ring != Ring::all; }
};

/// Every zone, `pass` first and `emergency` second: the order in which a resolver should load them.
[[nodiscard]] std::span<const ZoneFacts> all_zones();
/// The zones and behind them the sets of addresses and of web addresses: all that a ZoneSet holds.
[[nodiscard]] const std::vector<ZoneFacts>& all_sets();
/// By name, with or without the last dot, or by id; nullptr if there is no such zone.
[[nodiscard]] const ZoneFacts* find_zone(std::string_view name);
/// Also a set, "addresses-phishing", "urls-emergency".
[[nodiscard]] const ZoneFacts* find_set(std::string_view name);
/// The zone in which a block on this basis and category stands. nullptr for pairs that do not
/// exist, such as an order of a network choice.
[[nodiscard]] const ZoneFacts* zone_for(Basis basis, Category category);

/// Where addresses of orders stand; nullptr for a network choice.
[[nodiscard]] const ZoneFacts* address_set_for(Category category);
/// Where web addresses of orders stand; nullptr for feeds and network choices.
[[nodiscard]] const ZoneFacts* url_set_for(Basis basis, Category category);
/// "trial-own-phishing" for "orders-phishing" and for "feeds-phishing". nullptr for ring all, and
/// for a zone in which nothing can be tried: pass, emergency, a network choice, a set.
[[nodiscard]] const ZoneFacts* trial_zone_for(const ZoneFacts& zone, Ring ring);

/// Any, as `of` says. There is no emergency and no feed of addresses.
[[nodiscard]] const ZoneFacts* set_for(SetOf of, Basis basis, Category category);

/// The SOA record's content at `serial`.
[[nodiscard]] dns::Soa soa_of(const ZoneFacts& zone, std::uint32_t serial);

}  // namespace khien::publish
