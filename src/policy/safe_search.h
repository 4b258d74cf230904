// Safe search: search engines and video sites answer without adult results to whoever reaches them
// by the address of a name that they publish for it. A network that wishes it gets a CNAME to that
// name. The table is closed and in code, like the categories: what the engines document, nothing
// else, so that no configuration can lead people from one site to another.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace khien::policy {

/// One bit an engine.
using SafeSearch = std::uint8_t;
constexpr SafeSearch safe_google = 1;
constexpr SafeSearch safe_bing = 2;
constexpr SafeSearch safe_duckduckgo = 4;
constexpr SafeSearch safe_youtube = 8;            // strict
constexpr SafeSearch safe_youtube_moderate = 16;  // in place of strict

/// "google", "bing", "duckduckgo", "youtube", "youtube-moderate".
[[nodiscard]] std::optional<SafeSearch> parse_safe_search(std::string_view id) noexcept;

/// The wire name that `qname` (folded wire form) is an alias of under `wanted`; empty if none.
/// Lives for ever. Costs two comparisons for most names.
[[nodiscard]] Bytes safe_search_target(SafeSearch wanted, Bytes qname) noexcept;

}  // namespace khien::policy
