// Record identities: 128 bits, sorted by time of creation, written as 26 characters of Crockford
// base32 (the layout of ULID: 48 bits of milliseconds, 80 random bits).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace khien {

constexpr std::size_t id_text_size = 26;

/// The 26 characters of a new identity made at `now_ms`.
[[nodiscard]] std::string new_id_text(InstantMs now_ms, Rng& rng);
/// True if `text` is 26 Crockford base32 characters in upper case that fit 128 bits.
[[nodiscard]] bool is_id_text(std::string_view text) noexcept;

/// An identity of one kind of record: CaseId and OrderId do not mix.
///   struct CaseTag; using CaseId = Id<CaseTag>;
template <typename Tag>
struct Id {
  std::string value;  // 26 characters, or empty for "none"

  [[nodiscard]] static Id make(const Clock& clock, Rng& rng) {
    return Id{new_id_text(clock.now_ms(), rng)};
  }
  /// malformed if `text` is not an identity.
  [[nodiscard]] static Result<Id> parse(std::string_view text) {
    if (!is_id_text(text)) return fail(ErrorCode::malformed, "not an identity", "bad_id");
    return Id{std::string{text}};
  }
  [[nodiscard]] bool empty() const noexcept { return value.empty(); }
  auto operator<=>(const Id&) const = default;
};

template <typename Tag>
[[nodiscard]] const std::string& to_string(const Id<Tag>& id) noexcept {
  return id.value;
}

}  // namespace khien

template <typename Tag>
struct std::hash<khien::Id<Tag>> {
  std::size_t operator()(const khien::Id<Tag>& id) const noexcept {
    return std::hash<std::string>{}(id.value);
  }
};
