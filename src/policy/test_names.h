// Names for the tests of policy and resolver, and the plain twin of the matcher.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "policy/list_text.h"
#include "policy/rules.h"

namespace khien::policy {

inline Octets wire_of(std::string_view text) {
  std::array<std::uint8_t, key_name_size_max> out;
  const auto size = host_to_wire(text, out);
  KHIEN_ASSERT(size.has_value());
  return to_octets(Bytes{out}.first(*size));
}

inline Source source_named(std::string_view id) {
  const auto source = parse_source(id);
  KHIEN_ASSERT(source.has_value());
  return *source;
}

/// `rules` with the names of `table`, which was made with their key, as deltas.
inline void set_deltas(Rules& rules, const NameTable& table) {
  std::vector<NameTable> parts(shard_count, NameTable{table.key()});
  table.view().for_each([&](Bytes wire, const RuleClass& rule_class) {
    const NameKey name{wire, table.key()};
    KHIEN_ASSERT(parts[shard_of(name)].set(name, rule_class).has_value());
  });
  for (std::size_t i = 0; i < shard_count; ++i) {
    if (!parts[i].empty()) rules.deltas[i] = std::make_shared<const NameTable>(parts[i]);
  }
}

/// The matcher as one would explain it: a map from lower-case names to classes.
class PlainRules {
 public:
  void set(const std::string& name, const RuleClass& rule_class) { rules_[name] = rule_class; }
  [[nodiscard]] const std::map<std::string, RuleClass>& all() const { return rules_; }

  [[nodiscard]] Verdict find(const std::string& qname, Policy policy) const {
    Verdict best;
    for (unsigned bit = 0; bit < source_count; ++bit) {
      const SourceMask mask = SourceMask{1} << bit;
      if ((policy.sources & mask) == 0) continue;
      for (std::size_t at = 0; at != std::string::npos;) {
        const auto rule = rules_.find(qname.substr(at));
        if (rule != rules_.end() && qname.find('.', at) != std::string::npos) {
          const SourceMask matching = at == 0 ? rule->second.exact : rule->second.below;
          if ((matching & mask) != 0) {
            best.source.index = static_cast<std::uint8_t>(bit);
            best.trigger_at = static_cast<std::uint8_t>(at);
            const SourceMask nodata = at == 0 ? rule->second.nodata : rule->second.nodata_below;
            best.action = bit == 0               ? Action::passthru
                          : (nodata & mask) != 0 ? Action::nodata
                                                 : Action::nxdomain;
            return best;
          }
        }
        const auto dot = qname.find('.', at);
        at = dot == std::string::npos ? dot : dot + 1;
      }
    }
    return best;
  }

 private:
  std::map<std::string, RuleClass> rules_;
};

inline void expect_same(const Verdict& a, const Verdict& b, const std::string& what) {
  ASSERT_EQ(a.action, b.action) << what;
  if (a.action == Action::none) return;
  ASSERT_EQ(a.source, b.source) << what;
  ASSERT_EQ(a.trigger_at, b.trigger_at) << what;
}

}  // namespace khien::policy
