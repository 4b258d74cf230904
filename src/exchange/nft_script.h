// What makes nftables enforce a list of addresses: text for one transaction of `nft -f`, after
// which exactly the list is blocked, whatever was blocked before. Two tables of
// our own, inet khien and inet khien_prefixes, and nobody else's: intervals have one to themselves
// because each change of a table reads all of it back, and large interval sets are slow to read.
//
// Every element carries the list's end as its timeout, so the kernel itself lifts what nobody
// renews. Only what is sent to an address is blocked, on its way through and from this machine.
#pragma once

#include <cstdint>
#include <string>

#include "exchange/address_list.h"

namespace khien::exchange {

enum class NftVerdict : std::uint8_t {
  reject,  ///< says so: ICMP "administratively prohibited"
  drop,
};

struct NftOptions {
  std::int64_t life_s = 0;  ///< until the list is over: 1 at least
  NftVerdict verdict = NftVerdict::reject;
};

/// About 30 octets an entry.
[[nodiscard]] std::string nft_script(const AddressList& list, const NftOptions& options);
/// Takes both tables away, also where they are not there.
[[nodiscard]] std::string nft_removal();

}  // namespace khien::exchange
