// Looks at pages of a listed site, to see whether they are there. This is the one part of rechecks
// that contacts what is listed, and it does so only where the operator said so (--recheck-pages).
// It tells a status for each page and nothing else: no content, no address, no redirect's target.
//
// What keeps a hostile site from using it: names are resolved by the recheck resolvers, and nobody
// is connected to but public addresses that are not ours (http/page_status.h looks on the socket);
// a redirect is followed only within the same registrable domain, each through the same checks;
// ports are those of the web; times, sizes and counts are small.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "http/page_status.h"
#include "net/address.h"
#include "recheck/look.h"
#include "text/suffix_list.h"
#include "text/url.h"

namespace khien::recheck {

constexpr int page_redirects_max = 3;
constexpr std::int64_t pages_time_max_ms = 20 * ms_per_second;  // of all pages of a look
/// Which ports are asked beside 80 and 443: those that ordinary programs may listen on.
constexpr std::uint16_t page_port_min = 1'024;
constexpr std::size_t user_agent_size_max = 200;
/// An ordinary browser's: a site that sees a machine of the authorities shows it something else.
constexpr std::string_view user_agent_default =
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

class PageLooker {
 public:
  struct Options {
    std::string user_agent{user_agent_default};
    std::int64_t timeout_ms = http::page_timeout_default_ms;       ///< of one page's one answer
    http::FetchReach reach = http::FetchReach::public_only;        ///< `any` is for tests
    std::filesystem::path ca_file = {};                            ///< empty: the machine's roots
    std::function<std::vector<net::Prefix>()> own_addresses = {};  ///< never contacted
  };
  /// Asker::addresses_of
  using Resolve = std::function<std::vector<net::IpAddress>(std::string_view host)>;

  /// `suffixes` and `clock` are borrowed.
  PageLooker(Options options, Resolve resolve, const text::PublicSuffixList& suffixes,
             const Clock& clock);

  /// One look at each of `pages` (as cases/order_pages.h gives them). An https page that cannot be
  /// reached is asked for over http instead: who pasted an address without a scheme meant either.
  /// Never an error. What there is no time for is `unclear`. Blocks for pages_time_max_ms, and for
  /// the resolver's answers in hand. One thread.
  [[nodiscard]] std::vector<PageLook> look(const std::vector<std::string>& pages);

 private:
  [[nodiscard]] PageLook look_at(const text::Url& page);
  [[nodiscard]] Result<http::PageStatus> ask(const text::Url& url);
  [[nodiscard]] std::string site_of(std::string_view host) const;

  Options options_;
  Resolve resolve_;
  const text::PublicSuffixList& suffixes_;
  const Clock& clock_;
  std::vector<net::Prefix> never_;  // as of the look in hand
  std::int64_t end_ms_ = 0;         // of the look in hand, steady
};

}  // namespace khien::recheck
