#include "exchange/list_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/json.h"
#include "codec/rfc3339.h"

namespace khien::exchange {
namespace {

struct Facts {
  ListOutput output;
  std::string_view word;
  std::string_view content_type;
};
constexpr std::array<Facts, 7> all_facts{{
    {ListOutput::domains, "domains", "text/plain; charset=utf-8"},
    {ListOutput::hosts, "hosts", "text/plain; charset=utf-8"},
    {ListOutput::adblock, "adblock", "text/plain; charset=utf-8"},
    {ListOutput::csv, "csv", "text/csv; charset=utf-8"},
    {ListOutput::json, "json", "application/json"},
    {ListOutput::prefixes, "prefixes", "text/plain; charset=utf-8"},
    {ListOutput::urls, "urls", "text/plain; charset=utf-8"},
}};

const Facts& facts_of(ListOutput output) noexcept {
  return all_facts[static_cast<std::size_t>(output)];
}

/// The facts of a head as comment lines behind `mark`.
std::string comment_head(std::string_view mark, const ListHead& head) {
  return fmt::format(
      "{0} Title: {1}\n{0} List: {2}\n{0} Serial: {3}\n{0} Generated: {4}\n{0} Valid-until: {5}\n"
      "{0} Count: {6}\n{0} Homepage: {7}\n{0} Licence: {7}\n{0} Objections: {8}\n",
      mark, head.title, head.list, head.serial, codec::write_rfc3339(head.made_at_ms),
      codec::write_rfc3339(head.expires_at_ms), head.count, head.home, head.objections);
}

/// AdBlock programs read "Expires" as the time between two looks.
std::string adblock_head(const ListHead& head) {
  return fmt::format("{}! Version: {}\n! Expires: {} hours\n", comment_head("!", head), head.serial,
                     head.update_hours);
}

std::string hosts_head(const ListHead& head) {
  auto out = comment_head("#", head);
  if (head.domain_count > 0) {
    out += fmt::format(
        "# {} of these names are to be blocked with every name below them (marked \"and below\").\n"
        "# A hosts file cannot say that: take {}.adblock or {}.domains where you can.\n",
        head.domain_count, head.list, head.list);
  }
  return out;
}

std::string json_head(const ListHead& head) {
  auto text = codec::Json::object({{"format", "khien.list.1"},
                                   {"title", head.title},
                                   {"list", head.list},
                                   {"serial", static_cast<std::int64_t>(head.serial)},
                                   {"generated_at", codec::write_rfc3339(head.made_at_ms)},
                                   {"expires_at", codec::write_rfc3339(head.expires_at_ms)},
                                   {"count", static_cast<std::int64_t>(head.count)},
                                   {"homepage", head.home},
                                   {"licence", head.home},
                                   {"objections", head.objections}})
                  .dump();
  text.pop_back();  // the object stays open for the entries
  return text + ",\"entries\":[";
}

}  // namespace

std::string_view to_string(ListOutput output) noexcept { return facts_of(output).word; }

std::optional<ListOutput> parse_list_output(std::string_view word) noexcept {
  const auto* found = std::ranges::find(all_facts, word, &Facts::word);
  if (found == all_facts.end()) return std::nullopt;
  return found->output;
}

std::string_view content_type_of(ListOutput output) noexcept {
  return facts_of(output).content_type;
}

bool is_list_name(std::string_view name) noexcept {
  std::size_t labels = 1;
  char before = '.';
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (c == '.') {
      if (before == '.') return false;
      ++labels;
    } else if (!plain) {
      return false;
    }
    before = c;
  }
  return labels >= 2 && before != '.';
}

std::string list_head(ListOutput output, const ListHead& head) {
  switch (output) {
    case ListOutput::domains:
    case ListOutput::prefixes:
    case ListOutput::urls: return comment_head("#", head);
    case ListOutput::hosts: return hosts_head(head);
    case ListOutput::adblock: return adblock_head(head);
    case ListOutput::csv: return comment_head("#", head) + "name,scope,zone\n";
    case ListOutput::json: return json_head(head);
  }
  return {};
}

std::string_view list_tail(ListOutput output) noexcept {
  return output == ListOutput::json ? "\n]}\n" : "";
}

void ListBody::append(const ListLine& line, std::string& out) {
  const bool domain = line.scope == cases::Scope::domain;
  const auto [name, scope, zone] = line;
  const auto put = [&](auto&&... parts) { (out.append(parts), ...); };
  switch (output_) {
    case ListOutput::domains:
      // The first alone is what readers take that know no star.
      put(name, "\n");
      if (domain) put("*.", name, "\n");
      break;
    case ListOutput::hosts: put("0.0.0.0 ", name, domain ? " # and below\n" : "\n"); break;
    case ListOutput::adblock:
      if (domain) {
        put("||", name, "^\n");
      } else {
        // The first is how blockers in DNS mean exactly this name, the others how browsers do.
        put("|", name, "^\n|http://", name, "^\n|https://", name, "^\n");
      }
      break;
    case ListOutput::prefixes:
    case ListOutput::urls: put(name, "\n"); break;
    case ListOutput::csv: {
      // A path may have commas; quotation marks it has none (RFC 4180).
      const bool commas = scope == cases::Scope::url && name.find(',') != std::string_view::npos;
      const std::string_view mark = commas ? "\"" : "";
      put(mark, name, mark, ",", cases::to_string(scope), ",", zone, "\n");
      break;
    }
    case ListOutput::json:
      put(count_ == 0 ? "\n" : ",\n", R"({"name":")", name, R"(","scope":")",
          cases::to_string(scope), R"(","zone":")", zone, "\"}");
      break;
  }
  ++count_;
  domain_count_ += domain ? 1 : 0;
}

}  // namespace khien::exchange
