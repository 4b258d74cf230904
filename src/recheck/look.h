// One look at a name, as it is kept: whether it exists, who serves it, and, where the operator
// wants that, whether its reported pages are there. It has no room for an address: what a listed
// name resolves to is neither kept nor handed on, so that no owner of a listed name can point a
// block at somebody else (docs/publish/recheck.md). Nor for a page's content.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace khien::recheck {

enum class LookOutcome : std::uint8_t {
  exists,
  no_name,     ///< the domain is there, the name is not (NXDOMAIN)
  no_domain,   ///< the registrable domain does not exist (NXDOMAIN)
  no_servers,  ///< it has no name servers
  failed,      ///< no usable answer: counts for nothing
  filtered,    ///< the upstream answers with a policy of its own: counts for nothing
};
[[nodiscard]] std::string_view to_string(LookOutcome outcome) noexcept;
[[nodiscard]] std::optional<LookOutcome> parse_look_outcome(std::string_view word) noexcept;

/// True for what says that the name is no more.
[[nodiscard]] constexpr bool is_gone(LookOutcome outcome) noexcept {
  return outcome == LookOutcome::no_name || outcome == LookOutcome::no_domain ||
         outcome == LookOutcome::no_servers;
}
/// True for what says nothing about the name.
[[nodiscard]] constexpr bool is_silent(LookOutcome outcome) noexcept {
  return outcome == LookOutcome::failed || outcome == LookOutcome::filtered;
}

enum class PageOutcome : std::uint8_t {
  present,      ///< 2xx, also after redirects within the site
  gone,         ///< 404 or 410
  unclear,      ///< another status, a redirect to another site, a bad certificate: a server is
                ///< there, and what it says is worth nothing
  unreachable,  ///< no address, none that may be contacted, no connection, no answer in time
};
[[nodiscard]] std::string_view to_string(PageOutcome outcome) noexcept;
[[nodiscard]] std::optional<PageOutcome> parse_page_outcome(std::string_view word) noexcept;

struct PageLook {
  std::string page;  ///< its web address, without query and fragment
  PageOutcome outcome = PageOutcome::unreachable;
  int status = 0;  ///< that decided; 0: none

  bool operator==(const PageLook&) const = default;
};

constexpr std::size_t servers_max = 8;  // of one look, in order; the rest is not kept

struct Look {
  InstantMs at_ms = 0;
  LookOutcome outcome = LookOutcome::failed;
  std::vector<std::string> servers = {};  ///< NS of the registrable domain, lower case, sorted
  std::string primary = {};               ///< the SOA's MNAME; empty if not told
  std::vector<PageLook> pages = {};       ///< empty: nobody looked

  bool operator==(const Look&) const = default;
};

/// What the pages of a look say together.
enum class Content : std::uint8_t {
  not_looked,
  present,  ///< at least one page is
  gone,     ///< every page is
  unclear,
};
[[nodiscard]] Content content_of(const Look& look) noexcept;

}  // namespace khien::recheck
