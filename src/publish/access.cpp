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

bool speaks_for(const AccessRule& rule, const net::IpAddress& peer, const dns::Name* key) {
  const bool same_key = rule.key ? key != nullptr && *rule.key == *key : key == nullptr;
  return same_key && is_from(rule, peer);
}

const AccessRule* Access::find(const ZoneFacts& zone, const net::IpAddress& peer,
                               const dns::Name* key) const {
  for (const AccessRule& rule : rules) {
    if (rule.key && (key == nullptr || !(*rule.key == *key))) continue;
    if (covers(rule, zone) && is_from(rule, peer)) return &rule;
  }
  return nullptr;
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
