// What the commands about signed lists share.
#pragma once

#include <string>

#include "base/result.h"
#include "exchange/minisign.h"
#include "place.h"

namespace khien::khienctl {

/// The public key as given (text or file); from khiend's own folder where nothing is given.
[[nodiscard]] Result<exchange::MinisignPublicKey> public_key_of(const Place& place,
                                                                const std::string& given);

}  // namespace khien::khienctl
