#include "publish/access.h"

#include <algorithm>

#include "publish/catalog.h"

namespace khien::publish {
namespace {

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), "bad_access");
}

bool is_from(const AccessRule& rule, const net::IpAddress& peer) {
  return rule.addresses.empty() ||
         std::any_of(rule.addresses.begin(), rule.addresses.end(),
                     [&](const net::Prefix& prefix) { return prefix.contains(peer); });
}

/// True if the rule asks for no keys, or for those that the requester has.
bool has_keys_of(const AccessRule& rule, const Requester& requester) {
  const bool signs = !rule.key || (requester.key != nullptr && *rule.key == *requester.key);
  const bool proves =
      rule.pins.empty() ||
      (requester.pin && std::ranges::find(rule.pins, *requester.pin) != rule.pins.end());
  return signs && proves;
}

Result<void> check_rule(const Access& access, const AccessRule& rule) {
  if (!rule.key && rule.addresses.empty() && rule.pins.empty()) {
    return bad("rule " + rule.name + " needs a key, addresses or a pin");
  }
  if (rule.pins.size() > pins_max) {
    return bad("rule " + rule.name + " has more than " + std::to_string(pins_max) + " pins");
  }
  if (rule.key && access.find_key(*rule.key) == nullptr) {
    return bad("rule " + rule.name + " names a key that is not there");
  }
  if (rule.notify.size() > notify_targets_max) {
    return bad("rule " + rule.name + " has more than " + std::to_string(notify_targets_max) +
               " notify addresses");
  }
  for (const std::string& zone : rule.zones) {
    if (find_zone(zone) == nullptr) return bad("rule " + rule.name + ": no zone " + zone);
  }
  return {};
}

}  // namespace

bool covers(const AccessRule& rule, const ZoneFacts& zone) {
  if (zone.ring < rule.ring) return false;  // it is tried nearer to us first
  if (&zone == &catalog_zone()) return rule.catalog_serial != 0;
  if (zone.keys_only && !rule.key && rule.pins.empty()) return false;
  if (rule.zones.empty()) return true;
  return std::any_of(rule.zones.begin(), rule.zones.end(), [&](const std::string& id) {
    const ZoneFacts* taken = find_zone(id);
    return taken == &zone ||
           (zone.is_trial() && taken != nullptr && trial_zone_for(*taken, zone.ring) == &zone);
  });
}

bool speaks_for(const AccessRule& rule, const Requester& requester) {
  if (!rule.key && requester.key != nullptr) return false;
  return has_keys_of(rule, requester) && is_from(rule, requester.address);
}

const AccessRule* Access::find(const ZoneFacts& zone, const Requester& requester) const {
  const AccessRule* lets_in = nullptr;
  for (const AccessRule& rule : rules) {
    if (!covers(rule, zone)) continue;
    if (speaks_for(rule, requester)) return &rule;
    const bool does = has_keys_of(rule, requester) && is_from(rule, requester.address);
    if (does && lets_in == nullptr) lets_in = &rule;
  }
  return lets_in;
}

bool Access::may_come_from(const net::IpAddress& address) const {
  return std::ranges::any_of(rules, [&](const AccessRule& rule) { return is_from(rule, address); });
}

const dns::TsigKey* Access::find_key(const dns::Name& name) const {
  for (const dns::TsigKey& key : keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

Result<void> check(const Access& access) {
  if (access.rules.size() > access_rules_max) return bad("too many rules");
  for (const dns::TsigKey& key : access.keys) {
    if (access.find_key(key.name) != &key) return bad("two keys " + key.name.to_text());
  }
  for (const AccessRule& rule : access.rules) {
    if (auto checked = check_rule(access, rule); !checked) return checked;
  }
  return {};
}

}  // namespace khien::publish
