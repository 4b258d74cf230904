#include "publish/access.h"

#include <algorithm>

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

/// True if the rule asks for no key, or for the one that signed.
bool has_key_of(const AccessRule& rule, const Requester& requester) {
  return !rule.key || (requester.key != nullptr && *rule.key == *requester.key);
}

Result<void> check_rule(const Access& access, const AccessRule& rule) {
  if (!rule.key && rule.addresses.empty()) {
    return bad("rule " + rule.name + " needs a key or addresses");
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
  if (zone.keys_only && !rule.key) return false;
  if (rule.zones.empty()) return true;
  return std::any_of(rule.zones.begin(), rule.zones.end(),
                     [&](const std::string& id) { return find_zone(id) == &zone; });
}

bool speaks_for(const AccessRule& rule, const Requester& requester) {
  if (!rule.key && requester.key != nullptr) return false;
  return has_key_of(rule, requester) && is_from(rule, requester.address);
}

const AccessRule* Access::find(const ZoneFacts& zone, const Requester& requester) const {
  const AccessRule* lets_in = nullptr;
  for (const AccessRule& rule : rules) {
    if (!covers(rule, zone)) continue;
    if (speaks_for(rule, requester)) return &rule;
    const bool does = has_key_of(rule, requester) && is_from(rule, requester.address);
    if (does && lets_in == nullptr) lets_in = &rule;
  }
  return lets_in;
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
