// Json as text. One writer makes both forms: dump() keeps the order of members and writes 64-bit
// integers as they are; canonical() is RFC 8785. Numbers and escapes are those of ECMAScript
// (ECMA-262 section 6.1.6.1.20 and 25.5.2.2), which RFC 8785 takes over.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "base/assert.h"
#include "codec/json.h"
#include "codec/utf8.h"

namespace khien::codec {
namespace {

constexpr std::int64_t exact_integer_max = 9'007'199'254'740'991;  // 2^53-1 (RFC 7493 section 2.2)

// `digits` d1d2…dn stand for 0.d1d2…dn × 10^point, as in ECMA-262 with k = n and n = point.
std::string layout(const std::string& digits, int point) {
  const int count = static_cast<int>(digits.size());
  const auto zeros = [](int n) { return std::string(static_cast<std::size_t>(n), '0'); };
  if (count <= point && point <= 21) return digits + zeros(point - count);
  if (0 < point && point <= 21) {
    const auto at = static_cast<std::size_t>(point);
    return digits.substr(0, at) + '.' + digits.substr(at);
  }
  if (-6 < point && point <= 0) return "0." + zeros(-point) + digits;
  std::string text = digits.substr(0, 1);
  if (count > 1) text += '.' + digits.substr(1);
  const int exponent = point - 1;
  return text + 'e' + (exponent < 0 ? '-' : '+') + std::to_string(std::abs(exponent));
}

std::string real_text(double value) {
  if (value == 0) return "0";  // and -0, which is written without its sign
  // Shortest digits that read back as the same number: "-d.ddde-dd".
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  KHIEN_ASSERT(end.ec == std::errc{});
  const std::string_view shortest{buffer, static_cast<std::size_t>(end.ptr - buffer)};
  const std::size_t e = shortest.find('e');
  std::string digits;
  for (const char c : shortest.substr(0, e)) {
    if (c >= '0' && c <= '9') digits += c;
  }
  const std::size_t exponent_at = shortest[e + 1] == '+' ? e + 2 : e + 1;
  int exponent = 0;
  const auto read =
      std::from_chars(shortest.data() + exponent_at, shortest.data() + shortest.size(), exponent);
  KHIEN_ASSERT(read.ec == std::errc{});
  return (value < 0 ? "-" : "") + layout(digits, exponent + 1);
}

void write_text(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t size = utf8_sequence_size(text);
    if (size == 0) {
      out += "\xef\xbf\xbd";  // U+FFFD
      text.remove_prefix(1);
      continue;
    }
    const char c = text.front();
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (size == 1 && static_cast<unsigned char>(c) < 0x20) {
          out += "\\u00";
          out += hex[static_cast<unsigned char>(c) >> 4];
          out += hex[static_cast<unsigned char>(c) & 15];
        } else {
          out += text.substr(0, size);
        }
    }
    text.remove_prefix(size);
  }
  out += '"';
}

// UTF-16 code units of well-formed UTF-8: RFC 8785 section 3.2.3 sorts keys by them.
std::u16string utf16(std::string_view text) {
  std::u16string units;
  while (!text.empty()) {
    const std::size_t size = std::max<std::size_t>(utf8_sequence_size(text), 1);
    const auto octet = [&](std::size_t i) { return static_cast<std::uint32_t>(text[i] & 0x3f); };
    const auto first = static_cast<std::uint32_t>(static_cast<unsigned char>(text[0]));
    std::uint32_t point = first;
    if (size == 2) point = (first & 0x1f) << 6 | octet(1);
    if (size == 3) point = (first & 0x0f) << 12 | octet(1) << 6 | octet(2);
    if (size == 4) point = (first & 0x07) << 18 | octet(1) << 12 | octet(2) << 6 | octet(3);
    if (point >= 0x10000) {
      units += static_cast<char16_t>(0xd800 + ((point - 0x10000) >> 10));
      units += static_cast<char16_t>(0xdc00 + ((point - 0x10000) & 0x3ff));
    } else {
      units += static_cast<char16_t>(point);
    }
    text.remove_prefix(size);
  }
  return units;
}

std::vector<const JsonMember*> ordered(const Json::Object& members, bool canonical) {
  std::vector<const JsonMember*> order;
  order.reserve(members.size());
  for (const auto& member : members) order.push_back(&member);
  if (canonical) {
    std::sort(order.begin(), order.end(), [](const JsonMember* a, const JsonMember* b) {
      return utf16(a->key) < utf16(b->key);
    });
  }
  return order;
}

class Writer {
 public:
  enum class Form { compact, canonical };
  explicit Writer(Form form) : form_(form) {}

  void write(const Json& json) {
    switch (json.type()) {
      case JsonType::null: out += "null"; break;
      case JsonType::boolean: out += *json.boolean() ? "true" : "false"; break;
      case JsonType::integer: write_integer(*json.integer()); break;
      case JsonType::real: write_real(*json.real()); break;
      case JsonType::text: write_checked(*json.text()); break;
      case JsonType::array: write_array(json.items()); break;
      case JsonType::object: write_object(json.members()); break;
    }
  }

  std::string out;
  std::string refusal;  // why there is no canonical text; empty if there is one

 private:
  void write_integer(std::int64_t value) {
    if (value > exact_integer_max || value < -exact_integer_max)
      refusal = "an integer beyond 2^53-1 has no canonical form";
    out += std::to_string(value);
  }

  void write_real(double value) {
    if (std::isfinite(value)) {
      const auto text = real_text(value);
      out += text;
      // A real stays a real when it is read back; RFC 8785 knows no such difference.
      const bool looks_integer = text.find_first_of(".e") == std::string::npos;
      if (form_ == Form::compact && looks_integer) out += ".0";
    } else {
      refusal = "a number that is not finite has no canonical form";
      out += "null";
    }
  }

  void write_checked(std::string_view text) {
    if (form_ == Form::canonical && !is_utf8(text))
      refusal = "text that is not UTF-8 has no canonical form";
    write_text(out, text);
  }

  void write_array(const Json::Array& items) {
    out += '[';
    for (const auto& item : items) {
      if (&item != items.data()) out += ',';
      write(item);
    }
    out += ']';
  }

  void write_object(const Json::Object& members) {
    out += '{';
    bool first = true;
    for (const auto* member : ordered(members, form_ == Form::canonical)) {
      if (!first) out += ',';
      first = false;
      write_checked(member->key);
      out += ':';
      write(member->value);
    }
    out += '}';
  }

  Form form_;
};

}  // namespace

std::string Json::dump() const {
  Writer writer{Writer::Form::compact};
  writer.write(*this);
  return std::move(writer.out);
}

Result<std::string> Json::canonical() const {
  Writer writer{Writer::Form::canonical};
  writer.write(*this);
  if (!writer.refusal.empty())
    return fail(ErrorCode::invalid_argument, writer.refusal, "not_i_json");
  return std::move(writer.out);
}

}  // namespace khien::codec
