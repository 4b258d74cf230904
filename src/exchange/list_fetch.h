// Fetching a signed list from a khiend: its signature first, then exactly the edition that it is
// of, and into the folder only if both are good. What is there stays until then.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "exchange/minisign.h"
#include "exchange/signed_list.h"

namespace khien::exchange {

struct ListFetch {
  std::string url;  ///< https://…/lists/orders-phishing.domains, without a query
  std::filesystem::path folder;
  MinisignPublicKey key;
  std::filesystem::path ca_file = {};  ///< PEM roots; empty: the machine's
};

enum class ListFetched : std::uint8_t { replaced, unchanged };

/// The file that fetch_list() writes, named like the last part of the URL. invalid_argument
/// ("bad_url") if that names none.
[[nodiscard]] Result<std::filesystem::path> fetched_path(const ListFetch& wanted);

/// Errors of http::fetch(), verify_minisign() and read_trusted_comment(); denied ("list_expired",
/// "other_list", "list_older"). Blocks; the host is one that the operator named, so it may be
/// private.
[[nodiscard]] Result<ListFetched> fetch_list(const ListFetch& wanted, const Clock& clock);

}  // namespace khien::exchange
