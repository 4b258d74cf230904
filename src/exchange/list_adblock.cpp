// AdBlock-style rules. "||name^" means a name and all below it, "|name^" exactly the name (as
// AdGuard's blockers in DNS have it); everything else depends on the page, the path or the kind of
// request, which DNS does not see.
#include "exchange/list_formats.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

class AdblockParser final : public ListReader::LineParser {
 public:
  Result<void> parse(std::string_view line, ListCounts& counts, const ListSink& sink) override {
    line = text::trim(line);
    if (line.empty() || line.starts_with('!') || line.starts_with("[Adblock")) return {};
    if (line.starts_with("# ") || line == "#") return {};
    if (const auto reason = refusal(line)) {
      counts.refuse(*reason);
      return {};
    }
    const auto reach = line.starts_with("||") ? Reach::domain : Reach::host;
    give_host(name_of(line), reach, counts, sink);
    return {};
  }

 private:
  static std::optional<ListRefusal> refusal(std::string_view rule) noexcept {
    if (rule.starts_with("@@")) return ListRefusal::exception_rule;
    for (const std::string_view mark : {"##", "#@#", "#?#", "#$#", "#%#", "$$"}) {
      if (rule.find(mark) != std::string_view::npos) return ListRefusal::cosmetic_rule;
    }
    if (rule.find('$') != std::string_view::npos) return ListRefusal::rule_options;
    if (!rule.starts_with('|') || !rule.ends_with('^')) return ListRefusal::pattern_rule;
    const auto name = name_of(rule);
    if (name.empty() || name.find_first_of("/*^|?=&") != std::string_view::npos) {
      return ListRefusal::pattern_rule;
    }
    return std::nullopt;
  }

  /// What stands between the bars and the last '^', of a rule that has both.
  static std::string_view name_of(std::string_view rule) noexcept {
    rule.remove_prefix(rule.starts_with("||") ? 2 : 1);
    rule.remove_suffix(rule.empty() ? 0 : 1);
    return rule;
  }
};

}  // namespace

std::unique_ptr<ListReader::LineParser> make_adblock_parser() {
  return std::make_unique<AdblockParser>();
}

}  // namespace khien::exchange
