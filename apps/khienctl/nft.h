// nftables through its program: runs a text as one transaction, all of it or nothing. A process of
// its own and not libnftables, whose licence (GPL-2 alone) does not go with ours in one program.
#pragma once

#include <string>

#include "base/result.h"

namespace khien::khienctl {

constexpr std::size_t nft_words_max = 500;  // octets of what nft says: it repeats whole lines

/// Blocks until nft has ended. not_found if there is no program nft; unavailable with nft's own
/// words if it refused: then nothing is changed.
[[nodiscard]] Result<void> run_nft(const std::string& script);

}  // namespace khien::khienctl
