#include "dns/name.h"

#include <algorithm>

namespace khien::dns {
namespace {

/// Where each label's length octet stands, first label first, without the root.
struct LabelStarts {
  std::array<std::uint8_t, label_count_max> at;  // uninitialised past count
  std::size_t count = 0;
};

LabelStarts label_starts(Bytes wire) noexcept {
  LabelStarts starts;
  std::size_t at = 0;
  while (wire[at] != 0) {
    starts.at[starts.count++] = static_cast<std::uint8_t>(at);
    at += 1 + std::size_t{wire[at]};
  }
  return starts;
}

bool equal_folded(Bytes a, Bytes b) noexcept {
  // Length octets are at most 63 and so never letters: folding the whole run is safe.
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](std::uint8_t x, std::uint8_t y) { return fold(x) == fold(y); });
}

bool is_special(std::uint8_t octet) noexcept {
  return std::string_view{".\\\"();@$"}.find(static_cast<char>(octet)) != std::string_view::npos;
}

void append_octet_text(std::string& out, std::uint8_t octet) {
  if (octet <= 0x20 || octet >= 0x7F) {
    out.push_back('\\');
    out.push_back(static_cast<char>('0' + octet / 100));
    out.push_back(static_cast<char>('0' + octet / 10 % 10));
    out.push_back(static_cast<char>('0' + octet % 10));
    return;
  }
  if (is_special(octet)) out.push_back('\\');
  out.push_back(static_cast<char>(octet));
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The octet that the escape after `text[at] == '\\'` means, and moves `at` to its last character.
/// Negative if it is malformed.
int read_escape(std::string_view text, std::size_t& at) noexcept {
  const std::string_view rest = text.substr(at + 1);
  if (rest.empty()) return -1;
  if (!is_digit(rest[0])) {
    at += 1;
    return static_cast<unsigned char>(rest[0]);
  }
  if (rest.size() < 3 || !is_digit(rest[1]) || !is_digit(rest[2])) return -1;
  const int value = (rest[0] - '0') * 100 + (rest[1] - '0') * 10 + (rest[2] - '0');
  if (value > 255) return -1;
  at += 3;
  return value;
}

}  // namespace

Wire<NameView> NameView::parse_prefix(Bytes wire) noexcept {
  std::size_t at = 0;
  while (true) {
    if (at >= wire.size()) return tl::unexpected(WireError::truncated);
    const std::size_t label_size = wire[at];
    if (label_size == 0) return NameView{wire.first(at + 1)};
    if (label_size > label_size_max) return tl::unexpected(WireError::bad_label);
    // The root label must still fit behind this one.
    if (label_size + 2 > name_size_max - at) return tl::unexpected(WireError::name_too_long);
    if (label_size + 1 > wire.size() - at) return tl::unexpected(WireError::truncated);
    at += 1 + label_size;
  }
}

Wire<NameView> NameView::parse(Bytes wire) noexcept {
  const auto name = parse_prefix(wire);
  if (name && name->size() != wire.size()) return tl::unexpected(WireError::trailing_octets);
  return name;
}

std::size_t NameView::label_count() const noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != 0; at += 1 + std::size_t{wire_[at]}) ++count;
  return count;
}

bool NameView::is_at_or_below(NameView ancestor) const noexcept {
  if (ancestor.size() > size()) return false;
  const std::size_t wanted_at = size() - ancestor.size();
  std::size_t at = 0;
  while (at < wanted_at) at += 1 + std::size_t{wire_[at]};
  // The suffix must begin at a label: "notexample." does not lie below "example.".
  return at == wanted_at && equal_folded(wire_.subspan(at), ancestor.wire_);
}

bool NameView::equals(NameView other) const noexcept { return equal_folded(wire_, other.wire_); }

std::weak_ordering NameView::compare(NameView other) const noexcept {
  const LabelStarts mine = label_starts(wire_);
  const LabelStarts theirs = label_starts(other.wire_);
  const std::size_t shared = std::min(mine.count, theirs.count);
  for (std::size_t i = 1; i <= shared; ++i) {
    const std::size_t a_at = mine.at[mine.count - i];
    const std::size_t b_at = theirs.at[theirs.count - i];
    const Bytes a = wire_.subspan(a_at + 1, wire_[a_at]);
    const Bytes b = other.wire_.subspan(b_at + 1, other.wire_[b_at]);
    const auto order = std::lexicographical_compare_three_way(
        a.begin(), a.end(), b.begin(), b.end(),
        [](std::uint8_t x, std::uint8_t y) { return fold(x) <=> fold(y); });
    if (order != 0) return order;
  }
  return mine.count <=> theirs.count;
}

std::string NameView::to_text() const {
  if (is_root()) return ".";
  std::string text;
  text.reserve(wire_.size());
  for (std::size_t at = 0; wire_[at] != 0; at += 1 + std::size_t{wire_[at]}) {
    for (const std::uint8_t octet : wire_.subspan(at + 1, wire_[at]))
      append_octet_text(text, octet);
    text.push_back('.');
  }
  return text;
}

Result<Name> Name::from_text(std::string_view text) {
  const auto bad = [](std::string_view why) {
    return fail(ErrorCode::malformed, std::string{why}, "bad_name");
  };
  if (text == ".") return Name{};
  if (text.empty()) return bad("a name must not be empty");
  // Four characters an octet (\DDD) is the longest spelling that can fit.
  if (text.size() > 4 * name_size_max) return bad("a name has at most 255 octets");

  std::string wire(1, '\0');
  std::size_t label_at = 0;  // the length octet of the open label
  const auto close_label = [&] {
    const std::size_t size = wire.size() - label_at - 1;
    wire[label_at] = static_cast<char>(size);
    label_at = wire.size();
    wire.push_back('\0');
    return size >= 1 && size <= label_size_max;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '.') {
      if (!close_label()) return bad("a label has 1..63 octets");
      continue;
    }
    int octet = static_cast<unsigned char>(text[at]);
    if (text[at] == '\\') octet = read_escape(text, at);
    if (octet < 0) return bad("a backslash in a name takes a character or three digits up to 255");
    wire.push_back(static_cast<char>(octet));
  }
  const bool ends_in_dot = label_at + 1 == wire.size();
  if (!ends_in_dot && !close_label()) return bad("a label has 1..63 octets");
  if (wire.size() > name_size_max) return bad("a name has at most 255 octets");
  return Name{std::move(wire)};
}

Wire<Name> Name::from_wire(Bytes wire) {
  const auto view = NameView::parse(wire);
  if (!view) return tl::unexpected(view.error());
  return Name{*view};
}

Name Name::lower() const {
  std::string wire = wire_;
  for (char& c : wire) c = static_cast<char>(fold(static_cast<std::uint8_t>(c)));
  return Name{std::move(wire)};
}

Wire<Name> Name::prepend(Bytes label) const {
  if (label.empty() || label.size() > label_size_max) return tl::unexpected(WireError::bad_label);
  if (label.size() + 1 > name_size_max - wire_.size()) {
    return tl::unexpected(WireError::name_too_long);
  }
  std::string wire(1, static_cast<char>(label.size()));
  wire += as_text(label);
  wire += wire_;
  return Name{std::move(wire)};
}

Wire<Name> join(NameView left, NameView right) {
  const Bytes head = left.wire().first(left.size() - 1);
  if (head.size() > name_size_max - right.size()) return tl::unexpected(WireError::name_too_long);
  std::string wire{as_text(head)};
  wire += as_text(right.wire());
  return Name{std::move(wire)};
}

Name relative_to(NameView name, NameView origin) {
  KHIEN_ASSERT(name.is_at_or_below(origin));
  std::array<std::uint8_t, name_size_max> octets;
  const std::size_t size = name.size() - origin.size();
  std::copy_n(name.wire().begin(), size, octets.begin());
  octets[size] = 0;
  return Name{NameView::checked(Bytes{octets}.first(size + 1))};
}

std::size_t hash_value(NameView name) noexcept {
  std::uint64_t hash = 0xCBF2'9CE4'8422'2325;
  for (const std::uint8_t octet : name.wire()) hash = (hash ^ fold(octet)) * 0x100'0000'01B3;
  return hash;
}

}  // namespace khien::dns
