#include "policy/source.h"

namespace khien::policy {
namespace {

constexpr std::size_t first_order = 2;
constexpr std::size_t first_feed = first_order + order_category_count;
constexpr std::size_t first_choice = first_feed + order_category_count;
static_assert(first_choice + choice_category_count == source_count);
static_assert(static_cast<std::size_t>(Category::choice_adult) == order_category_count);
static_assert(order_category_count + choice_category_count == category_count);

constexpr SourceMask run_of(std::size_t first, std::size_t count) noexcept {
  return ((SourceMask{1} << count) - 1) << first;
}

constexpr std::uint16_t ede_blocked = 15;
constexpr std::uint16_t ede_censored = 16;
constexpr std::uint16_t ede_filtered = 17;

}  // namespace

std::optional<Source> source_of(Basis basis, Category category) noexcept {
  const auto number = static_cast<std::size_t>(category);
  if ((basis == Basis::choice) != is_choice(category)) return std::nullopt;
  const auto at = [](std::size_t index) { return Source{static_cast<std::uint8_t>(index)}; };
  switch (basis) {
    case Basis::emergency: return source_emergency;
    case Basis::orders: return at(first_order + number);
    case Basis::feeds: return at(first_feed + number);
    case Basis::choice: return at(first_choice + number - order_category_count);
  }
  return std::nullopt;
}

std::optional<Source> parse_source(std::string_view id) noexcept {
  if (id == "pass") return source_pass;
  if (id == "emergency") return source_emergency;
  if (id.starts_with("choice-")) {
    const auto category = parse_category(id);
    return category ? source_of(Basis::choice, *category) : std::nullopt;
  }
  const auto dash = id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto basis = parse_basis(id.substr(0, dash));
  const auto category = parse_category(id.substr(dash + 1));
  if (!basis || !category || *basis == Basis::emergency || *basis == Basis::choice) {
    return std::nullopt;
  }
  return source_of(*basis, *category);
}

std::optional<Basis> basis_of(Source source) noexcept {
  if (source == source_pass || is_third_party(source)) return std::nullopt;
  if (source == source_emergency) return Basis::emergency;
  if (source.index < first_feed) return Basis::orders;
  if (source.index < first_choice) return Basis::feeds;
  return Basis::choice;
}

std::optional<Category> category_of(Source source) noexcept {
  const std::size_t index = source.index;
  if (index < first_order || index >= source_count) return std::nullopt;
  if (index < first_feed) return static_cast<Category>(index - first_order);
  if (index < first_choice) return static_cast<Category>(index - first_feed);
  return static_cast<Category>(index - first_choice + order_category_count);
}

std::string source_id(Source source) {
  if (is_third_party(source)) return "third-party-" + std::to_string(source.index - source_count);
  const auto category = category_of(source);
  if (source == source_network) return "network";
  if (!category) return source == source_pass ? "pass" : "emergency";
  const auto basis = basis_of(source);
  if (basis == Basis::choice) return std::string{to_string(*category)};
  return std::string{to_string(*basis)} + "-" + std::string{to_string(*category)};
}

SourceMask mask_of(Basis basis) noexcept {
  switch (basis) {
    case Basis::emergency: return mask_of(source_emergency);
    case Basis::orders: return run_of(first_order, order_category_count);
    case Basis::feeds: return run_of(first_feed, order_category_count);
    case Basis::choice: return run_of(first_choice, choice_category_count);
  }
  return 0;
}

std::uint16_t extended_error_code(Source source) noexcept {
  const auto basis = basis_of(source);
  if (basis == Basis::feeds) return ede_blocked;
  return basis == Basis::choice ? ede_filtered : ede_censored;
}

}  // namespace khien::policy
