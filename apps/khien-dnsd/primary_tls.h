// How khien-dnsd proves its primary over TLS, and itself to it, as the operator wrote it.
#pragma once

#include <optional>

#include "base/result.h"
#include "resolver/transfer_connection.h"
#include "written.h"

namespace khien::dnsd {

/// nullopt if nothing of TLS is given: plain TCP. invalid_argument with the option's name; what
/// reading the files says.
[[nodiscard]] Result<std::optional<resolver::TransferTls>> read_primary_tls(const Written& written);

}  // namespace khien::dnsd
