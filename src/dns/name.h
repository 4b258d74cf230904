// Domain names in uncompressed wire form (RFC 1035 section 3.1): 1..255 octets, labels of 1..63,
// the root label last. Case is kept and compared with ASCII folding only (RFC 4343); names are
// octets, never text. Compression pointers live in message.h.
//
// NameView borrows the octets and lives on the stack; Name owns them. Neither locks or throws.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/result.h"
#include "dns/wire.h"

namespace khien::dns {

constexpr std::size_t name_size_max = 255;  // RFC 1035 section 2.3.4, with the root label
constexpr std::size_t label_size_max = 63;
constexpr std::size_t label_count_max = 127;  // 127 labels of one octet and the root

/// ASCII folding of one octet.
[[nodiscard]] constexpr std::uint8_t fold(std::uint8_t octet) noexcept {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + 32) : octet;
}

/// A borrowed name, checked when it was made.
class NameView {
 public:
  /// The root.
  constexpr NameView() noexcept : wire_(root_octets) {}

  /// The whole of `wire` as one name; trailing_octets if more follows the root label.
  [[nodiscard]] static Wire<NameView> parse(Bytes wire) noexcept;
  /// The name at the start of `wire`. A compression pointer is bad_label.
  [[nodiscard]] static Wire<NameView> parse_prefix(Bytes wire) noexcept;
  /// Octets that a reader of ours has checked before, for example Question::qname.
  [[nodiscard]] static NameView checked(Bytes wire) noexcept {
    KHIEN_ASSERT(!wire.empty() && wire.size() <= name_size_max && wire.back() == 0);
    return NameView{wire};
  }

  [[nodiscard]] Bytes wire() const noexcept { return wire_; }
  [[nodiscard]] std::size_t size() const noexcept { return wire_.size(); }
  [[nodiscard]] bool is_root() const noexcept { return wire_.size() == 1; }
  /// True if the first label is `*`.
  [[nodiscard]] bool is_wildcard() const noexcept {
    return wire_.size() > 2 && wire_[0] == 1 && wire_[1] == '*';
  }
  /// Without the root label: 0..127.
  [[nodiscard]] std::size_t label_count() const noexcept;
  /// The first label's octets; empty for the root.
  [[nodiscard]] Bytes first_label() const noexcept { return wire_.subspan(1, wire_[0]); }
  /// One label fewer; the root's parent is the root.
  [[nodiscard]] NameView parent() const noexcept {
    return is_root() ? *this : NameView{wire_.subspan(1 + std::size_t{wire_[0]})};
  }
  /// True if this is `ancestor` or lies below it.
  [[nodiscard]] bool is_at_or_below(NameView ancestor) const noexcept;
  /// True if this lies below `ancestor` and is not it.
  [[nodiscard]] bool is_below(NameView ancestor) const noexcept {
    return size() > ancestor.size() && is_at_or_below(ancestor);
  }

  /// Absolute, with the last dot; what is not a plain host character is escaped as RFC 1035 section
  /// 5.1 and RFC 4343 say, so that the text reads back to the same octets.
  [[nodiscard]] std::string to_text() const;

  /// Ignores ASCII case.
  [[nodiscard]] friend bool operator==(NameView a, NameView b) noexcept { return a.equals(b); }
  /// Canonical order, RFC 4034 section 6.1.
  [[nodiscard]] friend std::weak_ordering operator<=>(NameView a, NameView b) noexcept {
    return a.compare(b);
  }

 private:
  static constexpr std::array<std::uint8_t, 1> root_octets{0};
  explicit constexpr NameView(Bytes wire) noexcept : wire_(wire) {}
  [[nodiscard]] bool equals(NameView other) const noexcept;
  [[nodiscard]] std::weak_ordering compare(NameView other) const noexcept;
  Bytes wire_;
};

/// An owned name.
class Name {
 public:
  /// The root.
  Name() : wire_(1, '\0') {}
  explicit Name(NameView view) : wire_(as_text(view.wire())) {}

  /// Presentation form with or without the last dot; always absolute. `\.` and `\DDD` are read.
  /// malformed for an empty text or label, a label over 63 octets, a name over 255 or a bad escape.
  [[nodiscard]] static Result<Name> from_text(std::string_view text);
  [[nodiscard]] static Wire<Name> from_wire(Bytes wire);

  [[nodiscard]] NameView view() const noexcept { return NameView::checked(as_bytes(wire_)); }
  // A Name goes wherever a NameView is read; the view must not outlive the Name.
  operator NameView() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

  [[nodiscard]] Bytes wire() const noexcept { return as_bytes(wire_); }
  [[nodiscard]] std::size_t size() const noexcept { return wire_.size(); }
  [[nodiscard]] bool is_root() const noexcept { return wire_.size() == 1; }
  [[nodiscard]] bool is_wildcard() const noexcept { return view().is_wildcard(); }
  [[nodiscard]] std::size_t label_count() const noexcept { return view().label_count(); }
  [[nodiscard]] Name parent() const { return Name{view().parent()}; }
  [[nodiscard]] bool is_at_or_below(NameView ancestor) const noexcept {
    return view().is_at_or_below(ancestor);
  }
  [[nodiscard]] bool is_below(NameView ancestor) const noexcept {
    return view().is_below(ancestor);
  }
  [[nodiscard]] std::string to_text() const { return view().to_text(); }

  /// With ASCII capitals folded.
  [[nodiscard]] Name lower() const;
  /// `label` in front; bad_label if it is empty or over 63 octets, name_too_long.
  [[nodiscard]] Wire<Name> prepend(Bytes label) const;

  [[nodiscard]] friend bool operator==(const Name& a, const Name& b) noexcept {
    return a.view() == b.view();
  }
  [[nodiscard]] friend std::weak_ordering operator<=>(const Name& a, const Name& b) noexcept {
    return a.view() <=> b.view();
  }

 private:
  explicit Name(std::string wire) noexcept : wire_(std::move(wire)) {}
  friend Wire<Name> join(NameView left, NameView right);
  std::string wire_;  // short names need no allocation
};

/// The labels of `left` followed by those of `right`; name_too_long.
[[nodiscard]] Wire<Name> join(NameView left, NameView right);
/// `name` without the labels of `origin`, below which it lies (or which it is: then the root).
[[nodiscard]] Name relative_to(NameView name, NameView origin);
/// FNV-1a of the folded octets, for tables whose keys are our own: not fit against chosen names.
[[nodiscard]] std::size_t hash_value(NameView name) noexcept;

/// A name in a fixed buffer, for reading compressed names without allocation.
class NameBuffer {
 public:
  NameBuffer() noexcept { octets_[0] = 0; }
  [[nodiscard]] NameView view() const noexcept {
    return NameView::checked(Bytes{octets_}.first(size_));
  }
  operator NameView() const noexcept { return view(); }  // NOLINT(google-explicit-constructor)

 private:
  friend class NameExpander;
  std::array<std::uint8_t, name_size_max> octets_;
  std::uint8_t size_ = 1;
};

}  // namespace khien::dns

template <>
struct std::hash<khien::dns::Name> {
  std::size_t operator()(const khien::dns::Name& name) const noexcept {
    return khien::dns::hash_value(name);
  }
};
