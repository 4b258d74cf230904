#include "recheck/page_looker.h"

#include <algorithm>
#include <utility>

namespace khien::recheck {
namespace {

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

PageOutcome outcome_of(int status) noexcept {
  if (status >= 200 && status < 300) return PageOutcome::present;
  if (status == 404 || status == 410) return PageOutcome::gone;
  return PageOutcome::unclear;
}

bool is_port_of_the_web(const text::Url& url) noexcept {
  return !url.port || *url.port == 80 || *url.port == 443 || *url.port >= page_port_min;
}

}  // namespace

PageLooker::PageLooker(Options options, Resolve resolve, const text::PublicSuffixList& suffixes,
                       const Clock& clock)
    : options_(std::move(options)),
      resolve_(std::move(resolve)),
      suffixes_(suffixes),
      clock_(clock) {}

std::vector<PageLook> PageLooker::look(const std::vector<std::string>& pages) {
  end_ms_ = clock_.steady_ms() + pages_time_max_ms;
  never_ = options_.own_addresses ? options_.own_addresses() : std::vector<net::Prefix>{};
  std::vector<PageLook> looks;
  for (const auto& page : pages) {
    auto url = text::read_url(page);
    if (!url) {
      looks.push_back({.page = page, .outcome = PageOutcome::unclear});
      continue;
    }
    auto look = look_at(*url);
    const bool other_way = url->scheme == "https" && !url->port && clock_.steady_ms() < end_ms_;
    if (look.outcome == PageOutcome::unreachable && other_way) {
      url->scheme = "http";
      // What was asked for stays what is told, unless the other way led somewhere.
      if (auto plain = look_at(*url); plain.outcome != PageOutcome::unreachable) {
        look = std::move(plain);
      }
    }
    looks.push_back(std::move(look));
  }
  return looks;
}

PageLook PageLooker::look_at(const text::Url& page) {
  PageLook look{.page = text::to_string(page), .outcome = PageOutcome::unclear};
  auto url = page;
  for (int redirects = 0;; ++redirects) {
    if (!is_port_of_the_web(url) || clock_.steady_ms() >= end_ms_) return look;
    const auto seen = ask(url);
    if (!seen) {
      // Behind a bad certificate somebody serves; what he serves is not known.
      if (seen.error().reason != "certificate") look.outcome = PageOutcome::unreachable;
      look.status = 0;
      return look;
    }
    look.status = seen->status;
    if (!is_redirect(seen->status)) {
      look.outcome = outcome_of(seen->status);
      return look;
    }
    auto next = text::read_url(seen->location);
    const bool stays = next && !next->host_is_ip && site_of(next->host) == site_of(page.host);
    if (!stays || redirects == page_redirects_max) return look;
    url = std::move(*next);
  }
}

Result<http::PageStatus> PageLooker::ask(const text::Url& url) {
  if (url.host_is_ip) return fail(ErrorCode::denied, "a page of an address");
  auto addresses = resolve_(url.host);
  const auto left_ms = end_ms_ - clock_.steady_ms();
  if (left_ms <= 0) return fail(ErrorCode::timeout, "no time is left for a page");
  return http::page_status({.url = text::to_string(url),
                            .addresses = std::move(addresses),
                            .user_agent = options_.user_agent,
                            .timeout_ms = std::min(options_.timeout_ms, left_ms),
                            .reach = options_.reach,
                            .never = never_,
                            .ca_file = options_.ca_file});
}

std::string PageLooker::site_of(std::string_view host) const {
  return suffixes_.registrable_domain(host).value_or(std::string{host});
}

}  // namespace khien::recheck
