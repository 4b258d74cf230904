// AdBlock-style rules. Only "||name^" means a name and all below it; everything else depends on the
// page, the path or the kind of request, which DNS does not see.
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
    give_host(line.substr(2, line.size() - 3), Reach::domain, counts, sink);
    return {};
  }

 private:
  static std::optional<ListRefusal> refusal(std::string_view rule) noexcept {
    if (rule.starts_with("@@")) return ListRefusal::exception_rule;
    for (const std::string_view mark : {"##", "#@#", "#?#", "#$#", "#%#", "$$"}) {
      if (rule.find(mark) != std::string_view::npos) return ListRefusal::cosmetic_rule;
    }
    if (rule.find('$') != std::string_view::npos) return ListRefusal::rule_options;
    if (!rule.starts_with("||") || !rule.ends_with('^') || rule.size() < 4) {
      return ListRefusal::pattern_rule;
    }
    const auto name = rule.substr(2, rule.size() - 3);
    if (name.find_first_of("/*^|?=&") != std::string_view::npos) return ListRefusal::pattern_rule;
    return std::nullopt;
  }
};

}  // namespace

std::unique_ptr<ListReader::LineParser> make_adblock_parser() {
  return std::make_unique<AdblockParser>();
}

}  // namespace khien::exchange
