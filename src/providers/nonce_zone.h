// A zone of ours in which every name exists, for one purpose: who asks for a probe's own name is
// the resolver that really answers it. What is remembered is the address of a resolver, for some
// minutes, beside a name that one round of one probe has made; never a person's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "dns/name.h"
#include "net/address.h"

namespace khien::providers {

constexpr std::int64_t asker_kept_ms = 15 * ms_per_minute;
constexpr std::size_t asked_names_max = 10'000;
constexpr std::size_t askers_of_a_name_max = 4;    // a resolver with several addresses
constexpr std::size_t nonce_reply_size_max = 512;  // fits every resolver, also one without EDNS

/// Names and who asked for them. Any thread.
class AskedNames {
 public:
  /// Remembers it; what is older than asker_kept_ms goes. Where there is no room for a new name it
  /// is not remembered: names of other people's making must not push out those that probes made.
  void note(const std::string& name, const net::IpAddress& asker, InstantMs now_ms);
  [[nodiscard]] std::vector<net::IpAddress> askers(std::string_view name, InstantMs now_ms);
  [[nodiscard]] std::size_t size();

 private:
  struct Asked {
    InstantMs at_ms = 0;
    std::vector<net::IpAddress> askers = {};
  };
  using Names = std::map<std::string, Asked, std::less<>>;
  Guarded<Names> names_;
};

/// The answer to one query: TXT of every name below `zone`, SOA and NS of the zone itself, no data
/// for other types, REFUSED for everything else; empty for what is no query. Pure, but for `noted`,
/// which gets the name of a TXT question below the zone, without the final dot.
[[nodiscard]] Octets answer_nonce(Bytes query, const dns::Name& zone, std::string& noted);

}  // namespace khien::providers
