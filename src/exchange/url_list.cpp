#include "exchange/url_list.h"

#include <algorithm>

#include "text/utf8.h"

namespace khien::exchange {
namespace {

tl::unexpected<Error> bad_rule(std::size_t line, std::string_view why) {
  return fail(ErrorCode::malformed, "line " + std::to_string(line) + " " + std::string{why},
              "bad_url_rule");
}

}  // namespace

Result<UrlRules> UrlRules::parse(std::string_view text, std::size_t rules_max) {
  UrlRules rules;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const auto target = text::read_web_target(line);
    if (!target) return bad_rule(number, "is no web address");
    if (target->has_query) return bad_rule(number, "has a query, which may hold a person's token");
    auto rule = target->host + (target->port.empty() ? "" : ":" + target->port) +
                target->path.value_or("/");
    if (rule.size() > url_rule_size_max || rules.rules_.size() == rules_max) {
      return fail(ErrorCode::limit_exceeded,
                  "line " + std::to_string(number) + " is too long or one too many",
                  "url_list_too_large");
    }
    rules.longest_ = std::max(rules.longest_, rule.size());
    rules.rules_.insert(std::move(rule));
  }
  return rules;
}

std::optional<std::string_view> UrlRules::covering(const text::WebTarget& target) const {
  auto key = target.host + (target.port.empty() ? "" : ":" + target.port);
  const auto path_at = key.size();
  key += target.path.value_or("/");
  // The address, then each folder above it, with its last slash and without it.
  while (key.size() > path_at) {
    if (key.size() <= longest_) {
      const auto found = rules_.find(key);
      if (found != rules_.end()) return *found;
    }
    const bool folder = key.back() == '/';
    key.resize(folder ? key.size() - 1 : key.rfind('/') + 1);
  }
  return std::nullopt;
}

}  // namespace khien::exchange
