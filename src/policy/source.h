// Where a rule comes from: one RPZ zone of khiend's, which is one basis and category, or one of the
// two zones without a category (pass, emergency). This set is closed, like the categories. Behind
// it come the zones of third parties that an operator declares (third_party.h), in the order of the
// operator. The number is the precedence: the lowest bit of a mask is the source that decides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/category.h"

namespace khien::policy {

/// Number of a source, 0..source_max-1.
struct Source {
  std::uint8_t index = 0;
  friend bool operator==(Source, Source) = default;
};

constexpr std::size_t order_category_count = 10;  // the categories that are no network choices
constexpr std::size_t choice_category_count = 3;
constexpr std::size_t source_count = 2 + 2 * order_category_count + choice_category_count;

constexpr std::size_t source_max = 64;  // bits of a mask
constexpr std::size_t third_party_max = source_max - source_count;

/// One bit a source.
using SourceMask = std::uint64_t;
static_assert(source_count <= source_max);

constexpr Source source_pass{0};       // names that must resolve, whatever else says
constexpr Source source_emergency{1};  // one signature, four hours

/// What a network blocks for itself, a choice without a zone: it has a number, but no bit.
constexpr Source source_network{source_max};

[[nodiscard]] constexpr SourceMask mask_of(Source source) noexcept {
  return SourceMask{1} << source.index;
}
/// All of khiend's. A third party's source counts wherever the one that it stands for does.
constexpr SourceMask every_source = (SourceMask{1} << source_count) - 1;

[[nodiscard]] constexpr bool is_third_party(Source source) noexcept {
  return source.index >= source_count && source.index < source_max;
}

/// The source of `basis` and `category`. nullopt for a pair that cannot be: an order or feed for a
/// network choice, a choice for a crime. An emergency has one source for all categories.
[[nodiscard]] std::optional<Source> source_of(Basis basis, Category category) noexcept;
/// "orders-phishing", "choice-ads", "pass": the first label of the zone.
[[nodiscard]] std::optional<Source> parse_source(std::string_view id) noexcept;
[[nodiscard]] std::string source_id(Source source);

/// nullopt for pass, and for third parties: their configuration says.
[[nodiscard]] std::optional<Basis> basis_of(Source source) noexcept;
/// nullopt for pass and emergency, whose zones do not say, for the network's own names and for
/// third parties.
[[nodiscard]] std::optional<Category> category_of(Source source) noexcept;
/// All sources of one basis.
[[nodiscard]] SourceMask mask_of(Basis basis) noexcept;

/// EDE info code of an answer blocked by `source` (RFC 8914): 16 for what the law orders, 15 for
/// security feeds, 17 for what the network itself wished.
[[nodiscard]] std::uint16_t extended_error_code(Source source) noexcept;

}  // namespace khien::policy
