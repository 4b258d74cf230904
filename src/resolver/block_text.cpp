#include "resolver/block_text.h"

#include <algorithm>

#include "text/utf8.h"

namespace khien::resolver {
namespace {

void add_category(TextBuffer& text, policy::Source source) noexcept {
  const auto category = policy::category_of(source);
  if (category) {
    text.add("category=");
    text.add(to_string(*category));
  } else {
    text.add(source == policy::source_network ? "network" : "emergency");
  }
}

// What a network blocks for itself stands in no register.
bool has_link(const Blocked& blocked, const BlockAnswer& answer) noexcept {
  return !answer.base_url.empty() && blocked.verdict.stands_for != policy::source_network;
}

void add_link(TextBuffer& text, const Blocked& blocked) noexcept {
  text.add("/l/");
  text.add_name(blocked.name);
}

// The draft's sub-error codes. They qualify "blocked" and "filtered"; what the law orders
// ("censored") has none.
std::string_view sub_error(policy::Source source) noexcept {
  const auto category = policy::category_of(source);
  const std::uint16_t code = policy::extended_error_code(source);
  if (!category || code == dns::ede_censored) return "";
  switch (*category) {
    case Category::malware: return "1";
    case Category::phishing: return "2";
    case Category::spam: return "3";
    default: return code == dns::ede_blocked ? "6" : "";  // the DNS operator's policy
  }
}

// The link stands among the contacts, behind those that clients of the latest draft can use: they
// pass over a scheme that they do not know.
void add_structured(TextBuffer& text, const Blocked& blocked, const BlockAnswer& answer) noexcept {
  text.add("{\"c\":[");
  bool first = true;
  const auto begin_item = [&] {
    text.add(first ? "\"" : ",\"");
    first = false;
  };
  for (const std::string& contact : answer.contacts) {
    begin_item();
    text.add_json(contact);
    text.add("\"");
  }
  if (has_link(blocked, answer)) {
    begin_item();
    text.add_json(answer.base_url);
    add_link(text, blocked);
    text.add("\"");
  }
  text.add("],\"j\":\"");
  add_category(text, blocked.verdict.stands_for);
  text.add("\"");
  if (const auto code = sub_error(blocked.verdict.stands_for); !code.empty()) {
    text.add(",\"s\":");
    text.add(code);
  }
  if (!answer.organisation.empty()) text.add_member("o", answer.organisation);
  if (!answer.language.empty()) text.add_member("l", answer.language);
  text.add("}");
}

bool is_printable(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_contact(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 4> schemes{"tel:", "sips:", "mailto:", "https:"};
  return text.size() <= contact_size_max && is_printable(text) &&
         std::ranges::any_of(schemes, [&](std::string_view scheme) {
           return text.starts_with(scheme) && text.size() > scheme.size();
         });
}

bool is_language_tag(std::string_view text) noexcept {
  constexpr std::size_t tag_size_max = 35;  // RFC 5646 section 4.4.1
  return text.size() >= 2 && text.size() <= tag_size_max && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

bool is_plain_text(std::string_view words) noexcept {
  return words.size() <= organisation_size_max && text::is_valid_utf8(words) &&
         std::ranges::none_of(
             words, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

void TextBuffer::add(std::string_view text) noexcept {
  if (text.size() > text_.size() - size_) {
    cut_ = true;
    return;
  }
  std::ranges::copy(text, text_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += text.size();
}

void TextBuffer::add_name(Bytes wire) noexcept {
  static constexpr std::string_view hex = "0123456789ABCDEF";
  for (std::size_t at = 0; wire[at] != 0; at += 1 + std::size_t{wire[at]}) {
    if (at != 0) add(".");
    for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) {
      const char c = static_cast<char>(octet);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      const std::array<char, 3> escaped{'%', hex[octet >> 4], hex[octet & 0x0F]};
      add(plain ? std::string_view{&c, 1} : std::string_view{escaped.data(), escaped.size()});
    }
  }
}

void TextBuffer::add_json(std::string_view text) noexcept {
  for (const char c : text) {
    if (c == '"' || c == '\\') add("\\");
    add({&c, 1});
  }
}

void TextBuffer::add_member(std::string_view key, std::string_view text) noexcept {
  add(",\"");
  add(key);
  add("\":\"");
  add_json(text);
  add("\"");
}

void write_block_text(const AnswerHead& head, const Blocked& blocked, const BlockAnswer& answer,
                      std::size_t room, TextBuffer& text) noexcept {
  const auto fits = [&] { return !text.cut() && text.size() <= room; };
  const bool has_contact = !answer.contacts.empty() || has_link(blocked, answer);
  if (head.wants_structured && answer.structured && has_contact) {
    add_structured(text, blocked, answer);
    if (fits()) return;
    text.clear();
  }
  add_category(text, blocked.verdict.stands_for);
  if (has_link(blocked, answer)) {
    text.add(" ");
    text.add(answer.base_url);
    add_link(text, blocked);
  }
  if (fits()) return;
  text.clear();
  add_category(text, blocked.verdict.stands_for);  // half a link helps nobody
  if (!fits()) text.clear();
}

Result<void> check_block_answer(const BlockAnswer& answer) {
  if (answer.contacts.size() > contacts_max) {
    return fail(ErrorCode::invalid_argument, "--contact: four at most");
  }
  for (const std::string& contact : answer.contacts) {
    if (!is_contact(contact)) {
      return fail(
          ErrorCode::invalid_argument,
          "--contact: a tel:, sips:, mailto: or https: URI of at most 128 octets is wanted");
    }
  }
  if (!is_plain_text(answer.organisation)) {
    return fail(ErrorCode::invalid_argument, "--organisation: 128 octets of plain text at most");
  }
  if (!answer.language.empty() && !is_language_tag(answer.language)) {
    return fail(ErrorCode::invalid_argument, "--organisation-language: a tag such as vi or en");
  }
  if (!is_printable(answer.base_url)) {
    return fail(ErrorCode::invalid_argument, "--base-url: not a URL");
  }
  return {};
}

}  // namespace khien::resolver
