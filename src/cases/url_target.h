// Web addresses as orders name them (docs/adr/0105-orders-on-urls.md): `host[:port]/path` in the
// one form of text/web_target.h, without scheme, query, fragment and last slash. An order covers
// that page and all below it by whole segments, whatever the query. Nothing here asks the network.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cases/impact.h"
#include "store/executor.h"

namespace khien::cases {

/// What a set of web addresses can hold: there an address stands as one DNS name
/// (publish/url_names.h), whose size this is without what all of them share.
constexpr std::size_t url_encoded_size_max = 212;
/// Of a path. Pages lie deeper rarely, and a look-up asks for each part above what is asked.
constexpr std::size_t url_segments_max = 16;

struct UrlTarget {
  std::string host;  ///< lower-case A-labels, or an IP address (IPv6 in brackets)
  std::string port;  ///< empty for 80 and 443
  std::string path;  ///< begins with '/', does not end with one
};
[[nodiscard]] std::string to_string(const UrlTarget& target);

/// As written: with or without scheme, also defanged. malformed with reason
///   "bad_url"       no web address, or one that could be taken for a prefix of IP addresses
///   "whole_site"    no path: the name is to be ordered
///   "page_too_long"  longer than a set can hold, or deeper than url_segments_max: a path above it
///                   is to be ordered
[[nodiscard]] Result<UrlTarget> parse_url_target(std::string_view written);
/// Its text.
[[nodiscard]] Result<std::string> read_url_target(std::string_view written);

/// What orders that cover `written` may be called: the address itself and every one above it,
/// narrowest first, the whole host left out. Empty where `written` is none, or has no path.
[[nodiscard]] std::vector<std::string> url_targets_covering(std::string_view written);

/// Orders in force on the host, above and below `target`, from our own records.
[[nodiscard]] Result<UrlFacts> url_facts(store::Executor& db, const UrlTarget& target);

/// For people: the host in Unicode, the rest as it is; names and addresses too.
[[nodiscard]] std::string display_of(std::string_view name);

}  // namespace khien::cases
