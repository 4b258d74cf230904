#include "cases/url_target.h"

#include <algorithm>

#include "cases/address_target.h"
#include "text/host.h"
#include "text/ip_prefix.h"
#include "text/url.h"
#include "text/utf8.h"
#include "text/web_target.h"

namespace khien::cases {
namespace {

constexpr std::string_view sql_orders_of = R"(
SELECT o.number, o.name, o.scope, o.target FROM block_order o
WHERE o.name = $1 AND o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review')
ORDER BY o.id LIMIT $2)";
constexpr std::string_view sql_orders_below = R"(
SELECT o.number, o.name FROM block_order o
WHERE o.target = 'url' AND o.name LIKE $1 ESCAPE '!'
  AND o.state IN ('approved', 'published', 'enforced', 'verified', 'due_review')
ORDER BY o.id LIMIT $2)";

/// Octets of the text in base 32, with the dots between labels of 63.
std::size_t encoded_size(std::size_t size) noexcept {
  const std::size_t characters = (size * 8 + 4) / 5;
  return characters + (characters + text::label_size_max - 1) / text::label_size_max;
}

bool fits(const UrlTarget& target) noexcept {
  const auto rest = target.path.size() + (target.port.empty() ? 0 : target.port.size() + 1);
  return target.host.size() + encoded_size(rest) <= url_encoded_size_max;
}

bool is_port(std::string_view port) noexcept {
  constexpr std::string_view largest = "65535";
  return port.empty() || (port != "0" && (port.size() < largest.size() || port <= largest));
}

tl::unexpected<Error> bad_target(std::string message, std::string reason) {
  return fail(ErrorCode::malformed, std::move(message), std::move(reason));
}

// Defanged text is undone only where it is no address as it stands: "(.)" may be of a path.
std::optional<text::WebTarget> read_as_written(std::string_view written) {
  const auto inside = text::trim(written);
  if (auto target = text::read_web_target(inside)) return target;
  return text::read_web_target(text::refang(inside));
}

std::string without_last_slashes(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

/// For LIKE … ESCAPE '!': what begins with `text`.
std::string like_beginning(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out + '%';
}

struct HostAbove {
  std::string name;
  bool itself = false;
};
/// The host and the names above it; of an IP address it and the prefixes that hold it.
std::vector<HostAbove> hosts_above(std::string_view host) {
  std::vector<HostAbove> above;
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  for (auto& target : targets_covering(bracketed ? host.substr(1, host.size() - 2) : host)) {
    above.push_back({.name = std::move(target), .itself = true});
  }
  if (!above.empty()) return above;
  for (std::optional<std::string_view> at = host; at; at = text::parent_of(*at)) {
    above.push_back({.name = std::string{*at}, .itself = at->size() == host.size()});
  }
  return above;
}

std::string shown(std::string_view number, std::string_view name) {
  return std::string{number} + " (" + display_of(name) + ")";
}

/// Orders in force on exactly this name; `itself`: also those that reach nothing below it.
Result<void> add_orders_of(store::Executor& db, std::string_view name, bool itself,
                           std::vector<std::string>& found) {
  auto rows = db.query(sql_orders_of, {name, url_orders_told_max});
  if (!rows) return propagate(std::move(rows).error(), "look for orders around a web address");
  for (const auto& row : *rows) {
    const bool of_name = row.text(3) == "name";
    if (of_name && !itself && row.text(2) != "domain") continue;
    found.push_back(shown(row.text(0), row.text(1)));
  }
  return {};
}

}  // namespace

std::string to_string(const UrlTarget& target) {
  return target.host + (target.port.empty() ? "" : ":" + target.port) + target.path;
}

Result<UrlTarget> parse_url_target(std::string_view written) {
  auto read = read_as_written(written);
  if (!read || !is_port(read->port)) {
    return bad_target("this is no web address; write it as in a browser, https://host/path",
                      "bad_url");
  }
  UrlTarget target{.host = std::move(read->host),
                   .port = std::move(read->port),
                   .path = without_last_slashes(read->path.value_or(""))};
  if (target.path.empty()) {
    return bad_target("it names a whole site: order the host name, with scope host", "whole_site");
  }
  const auto segments = std::ranges::count(target.path, '/');
  if (!fits(target) || segments > static_cast<std::ptrdiff_t>(url_segments_max)) {
    return bad_target("the address is too long for a list: order a shorter path above it",
                      "page_too_long");
  }
  if (text::parse_prefix(to_string(target))) {
    return bad_target("this reads as a prefix of IP addresses, not as a web address", "bad_url");
  }
  return target;
}

Result<std::string> read_url_target(std::string_view written) {
  auto target = parse_url_target(written);
  if (!target) return tl::unexpected<Error>{std::move(target).error()};
  return to_string(*target);
}

std::vector<std::string> url_targets_covering(std::string_view written) {
  std::vector<std::string> targets;
  const auto read = read_as_written(written);
  if (!read || !read->path) return targets;
  UrlTarget at{.host = read->host, .port = read->port, .path = without_last_slashes(*read->path)};
  while (!at.path.empty()) {
    const auto segments = std::ranges::count(at.path, '/');
    // What no order can be called is not asked for.
    if (segments <= static_cast<std::ptrdiff_t>(url_segments_max) && fits(at)) {
      targets.push_back(to_string(at));
    }
    at.path = without_last_slashes(at.path.substr(0, at.path.rfind('/')));
  }
  return targets;
}

Result<UrlFacts> url_facts(store::Executor& db, const UrlTarget& target) {
  UrlFacts facts;
  const auto name = to_string(target);
  for (const auto& above : url_targets_covering(name)) {
    if (above == name) continue;
    if (auto done = add_orders_of(db, above, true, facts.orders_above); !done) {
      return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  for (const auto& [at, itself] : hosts_above(target.host)) {
    if (auto done = add_orders_of(db, at, itself, facts.orders_above); !done) {
      return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  const auto folder = name + "/";
  auto rows = db.query(sql_orders_below, {like_beginning(folder), url_orders_told_max});
  if (!rows) return propagate(std::move(rows).error(), "look for orders below a web address");
  for (const auto& row : *rows) {
    // LIKE of SQLite does not tell cases apart; paths do.
    if (row.text(1).starts_with(folder)) {
      facts.orders_below.push_back(shown(row.text(0), row.text(1)));
    }
  }
  return facts;
}

std::string display_of(std::string_view name) {
  const auto end = name.starts_with('[') ? 0 : std::min(name.find_first_of(":/"), name.size());
  return text::host_for_display(name.substr(0, end)) + std::string{name.substr(end)};
}

}  // namespace khien::cases
