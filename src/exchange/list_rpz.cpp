// RPZ as zone text (draft-ietf-dnsop-dns-rpz, master file format of RFC 1035 section 5): QNAME
// rules whose action is a block. SOA, NS and directives frame the zone and are no entries.
#include <algorithm>
#include <array>
#include <vector>

#include "exchange/list_formats.h"
#include "text/host.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

std::string without_final_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return text::ascii_lower(name);
}

// "300", "1h30m": RFC 1035 has seconds only, BIND added units.
bool is_ttl(std::string_view word) noexcept {
  if (word.empty() || word.front() < '0' || word.front() > '9') return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= '0' && c <= '9') ||
           std::string_view{"smhdwSMHDW"}.find(c) != std::string_view::npos;
  });
}

class RpzParser final : public ListReader::LineParser {
 public:
  Result<void> parse(std::string_view line, ListCounts& counts, const ListSink& sink) override {
    line = line.substr(0, line.find(';'));
    if (in_parentheses_) {
      if (line.find(')') != std::string_view::npos) in_parentheses_ = false;
      return {};
    }
    if (text::trim(line).empty()) return {};
    if (line.starts_with("$")) return directive(line, counts);

    // A line that starts with white space repeats the owner of the one before.
    const bool repeats = line.front() == ' ' || line.front() == '\t';
    if (!repeats) owner_ = std::string{take_word(line)};
    auto type = take_word(line);
    while (is_ttl(type) || is_class(type)) type = take_word(line);
    const auto upper_is = [&type](std::string_view wanted) {
      return text::ascii_lower(type) == wanted;
    };
    if (line.find('(') != std::string_view::npos && line.find(')') == std::string_view::npos) {
      in_parentheses_ = true;
    }
    if (upper_is("soa")) {
      if (origin_.empty() && owner_ != "@") origin_ = without_final_dot(owner_);
      return {};
    }
    if (upper_is("ns") || upper_is("rrsig") || upper_is("dnskey") || upper_is("nsec") ||
        upper_is("nsec3") || upper_is("nsec3param") || upper_is("zonemd")) {
      return {};
    }
    if (owner_.empty() || type.empty()) {
      counts.refuse(ListRefusal::bad_syntax);
      return {};
    }
    if (!upper_is("cname")) {
      // Local data: the list answers with addresses or text of its own.
      counts.refuse(is_known_type(type) ? ListRefusal::rpz_action : ListRefusal::bad_syntax);
      return {};
    }
    rule(take_word(line), counts, sink);
    return {};
  }

 private:
  static bool is_class(std::string_view word) {
    const auto lower = text::ascii_lower(word);
    return lower == "in" || lower == "ch" || lower == "hs";
  }

  static bool is_known_type(std::string_view word) {
    static constexpr std::array<std::string_view, 9> types{"a",   "aaaa", "txt",   "mx",   "srv",
                                                           "ptr", "caa",  "https", "naptr"};
    const auto lower = text::ascii_lower(word);
    return std::find(types.begin(), types.end(), lower) != types.end();
  }

  Result<void> directive(std::string_view line, ListCounts& counts) {
    const auto word = text::ascii_lower(take_word(line));
    if (word == "$origin") {
      origin_ = without_final_dot(take_word(line));
    } else if (word != "$ttl") {
      counts.refuse(ListRefusal::bad_syntax);  // $INCLUDE and $GENERATE are not followed
    }
    return {};
  }

  void rule(std::string_view target, ListCounts& counts, const ListSink& sink) const {
    if (target.empty()) return counts.refuse(ListRefusal::bad_syntax);
    if (target != "." && target != "*." && target != "rpz-drop.") {
      return counts.refuse(ListRefusal::rpz_action);
    }
    std::string name = text::ascii_lower(owner_);
    if (name.ends_with('.')) {
      // Absolute: the zone's own name is not part of the rule.
      name.pop_back();
      if (origin_.empty() || !text::is_at_or_below(name, origin_) || name == origin_) {
        return counts.refuse(ListRefusal::bad_syntax);
      }
      name.resize(name.size() - origin_.size() - 1);
    }
    for (const std::string_view trigger : {"rpz-ip", "rpz-client-ip", "rpz-nsip", "rpz-nsdname"}) {
      if (text::is_at_or_below(name, trigger)) return counts.refuse(ListRefusal::rpz_trigger);
    }
    if (name.starts_with("*.")) {
      give_host(std::string_view{name}.substr(2), Reach::below, counts, sink);
    } else {
      give_host(name, Reach::host, counts, sink);
    }
  }

  std::string origin_;  // lower case, without the final dot; empty until named
  std::string owner_;
  bool in_parentheses_ = false;
};

}  // namespace

std::unique_ptr<ListReader::LineParser> make_rpz_parser() { return std::make_unique<RpzParser>(); }

}  // namespace khien::exchange
