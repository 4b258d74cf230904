#include "base/category.h"

namespace khien {
namespace {

// Order life: phishing 30, malware 60, gambling and fraud 90 days by default; at most 365 days,
// which only child abuse reaches without renewal (DOMAIN 7.3). X-ARF v4 types:
// data/standards/xarf-v4.
constexpr std::array<CategoryFacts, category_count> categories{{
    {Category::phishing, "phishing", 90, 30, "fraud/phishing", "content/phishing"},
    {Category::fraud, "fraud", 180, 90, "fraud/masquerade", "content/fraud"},
    {Category::malware, "malware", 180, 60, "malicious-code/malware-distribution",
     "content/malware"},
    {Category::unlawful_gambling, "unlawful-gambling", 180, 90, "other/other", "content/fraud"},
    {Category::spam, "spam", 90, 30, "abusive-content/spam", "messaging/spam"},
    {Category::intrusion, "intrusion", 90, 30, "intrusions/system-compromise",
     "infrastructure/compromised-server"},
    {Category::child_abuse, "child-abuse", 365, 365, "abusive-content/violence", "content/csam"},
    {Category::intimate_abuse, "intimate-abuse", 180, 90, "abusive-content/harmful-speech",
     "content/ncii"},
    {Category::illegal_trade, "illegal-trade", 180, 90, "other/other", "content/fraud"},
    {Category::threats, "threats", 90, 30, "abusive-content/harmful-speech",
     "messaging/bulk-messaging"},
    {Category::choice_adult, "choice-adult", 0, 0, "", ""},
    {Category::choice_gambling, "choice-gambling", 0, 0, "", ""},
    {Category::choice_ads, "choice-ads", 0, 0, "", ""},
}};

constexpr std::array<std::string_view, 4> bases{"emergency", "orders", "feeds", "choice"};

}  // namespace

const std::array<CategoryFacts, category_count>& all_categories() noexcept { return categories; }

const CategoryFacts& facts_of(Category category) noexcept {
  return categories[static_cast<std::size_t>(category)];
}

std::string_view to_string(Category category) noexcept { return facts_of(category).id; }

std::optional<Category> parse_category(std::string_view id) noexcept {
  for (const auto& facts : categories) {
    if (facts.id == id) return facts.category;
  }
  return std::nullopt;
}

bool is_choice(Category category) noexcept { return facts_of(category).order_days_max == 0; }

std::string_view to_string(Basis basis) noexcept { return bases[static_cast<std::size_t>(basis)]; }

std::optional<Basis> parse_basis(std::string_view id) noexcept {
  for (std::size_t i = 0; i < bases.size(); ++i) {
    if (bases[i] == id) return static_cast<Basis>(i);
  }
  return std::nullopt;
}

}  // namespace khien
