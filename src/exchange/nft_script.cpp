#include "exchange/nft_script.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace khien::exchange {
namespace {

constexpr std::string_view addresses_table = "khien";
constexpr std::string_view prefixes_table = "khien_prefixes";

struct Set {
  std::string_view name;
  std::string_view type;
  std::string_view match;
  const std::vector<text::IpPrefix>& entries;
};

void add_set(std::string& out, std::string_view table, std::string_view flags, const Set& set,
             const NftOptions& options) {
  out += fmt::format("add set inet {0} {1} {{ type {2}; flags {3}; }}\n", table, set.name, set.type,
                     flags);
  out += fmt::format("flush set inet {} {}\n", table, set.name);
  if (set.entries.empty()) return;
  out += fmt::format("add element inet {} {} {{\n", table, set.name);
  for (const auto& entry : set.entries) {
    out += fmt::format("{} timeout {}s,\n", text::to_string(entry), options.life_s);
  }
  out += "}\n";
}

void add_table(std::string& out, std::string_view table, std::string_view flags,
               const std::array<Set, 2>& sets, const NftOptions& options) {
  out += fmt::format("add table inet {0}\nadd counter inet {0} blocked\n", table);
  for (const auto& set : sets) add_set(out, table, flags, set, options);
  const std::string_view verdict =
      options.verdict == NftVerdict::drop ? "drop" : "reject with icmpx admin-prohibited";
  for (const std::string_view hook : {"forward", "output"}) {
    out += fmt::format(
        "add chain inet {0} {1} {{ type filter hook {1} priority -5; policy accept; }}\n"
        "flush chain inet {0} {1}\n",
        table, hook);
    for (const auto& set : sets) {
      out += fmt::format("add rule inet {} {} {} daddr @{} counter name \"blocked\" {}\n", table,
                         hook, set.match, set.name, verdict);
    }
  }
}

}  // namespace

std::string nft_script(const AddressList& list, const NftOptions& options) {
  std::string out;
  add_table(out, addresses_table, "timeout",
            {Set{"addresses4", "ipv4_addr", "ip", list.addresses4},
             Set{"addresses6", "ipv6_addr", "ip6", list.addresses6}},
            options);
  add_table(out, prefixes_table, "interval, timeout",
            {Set{"prefixes4", "ipv4_addr", "ip", list.prefixes4},
             Set{"prefixes6", "ipv6_addr", "ip6", list.prefixes6}},
            options);
  return out;
}

std::string nft_removal() {
  std::string out;
  // Added first, because deleting what is not there would fail the whole.
  for (const auto table : {addresses_table, prefixes_table}) {
    out += fmt::format("add table inet {0}\ndelete table inet {0}\n", table);
  }
  return out;
}

}  // namespace khien::exchange
