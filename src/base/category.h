// What Khiên may act on: a closed list in code. There is no category for opinion, criticism, news,
// religion or politics, and none can be added by configuration; changing this file is a change of
// the program, reviewed in public. Beside it stands the equally closed list of network choices,
// which the operator of a network switches on for that network alone and never by order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace khien {

enum class Category : std::uint8_t {
  phishing,
  fraud,
  malware,
  unlawful_gambling,
  spam,
  intrusion,       ///< and theft of data
  child_abuse,     ///< names never appear in public, only salted commitments
  intimate_abuse,  ///< and extortion
  illegal_trade,
  threats,  ///< and harassment of a person
  choice_adult,
  choice_gambling,
  choice_ads,
};

constexpr std::size_t category_count = 13;

/// Why a name is answered differently. The order is the order of precedence on a resolver.
enum class Basis : std::uint8_t {
  emergency,  ///< one signature, four hours
  orders,     ///< two signatures
  feeds,      ///< a third party's list under an approved subscription
  choice,     ///< the network's own wish
};

struct CategoryFacts {
  Category category;
  std::string_view id;         ///< "unlawful-gambling": in zones, API and files
  int order_days_max;          ///< longest life of an order; 0 where no order is possible
  int order_days_default;      ///< DOMAIN 7.3
  std::string_view rsit;       ///< RSIT 1003 class/type; empty for choices
  std::string_view xarf_type;  ///< X-ARF v4 class/type; empty for choices
};

/// In the order of the enum.
[[nodiscard]] const std::array<CategoryFacts, category_count>& all_categories() noexcept;
[[nodiscard]] const CategoryFacts& facts_of(Category category) noexcept;
[[nodiscard]] std::string_view to_string(Category category) noexcept;
[[nodiscard]] std::optional<Category> parse_category(std::string_view id) noexcept;
/// True for the three network choices, for which there is never an order.
[[nodiscard]] bool is_choice(Category category) noexcept;

[[nodiscard]] std::string_view to_string(Basis basis) noexcept;
[[nodiscard]] std::optional<Basis> parse_basis(std::string_view id) noexcept;

}  // namespace khien
