// The Public Suffix List: where one registrant ends and the next begins. A suffix must never be
// blocked; a registrable domain (suffix + 1 label) is the unit of impact. Data: our own newer copy
// in data/psl (libpsl's built-in table is of 2023). Immutable after loading; any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct psl_ctx_st;

namespace khien::text {

constexpr std::size_t suffix_list_size_max = std::size_t{8} << 20U;  // octets; 0.33 MB in 2026
constexpr int suffix_list_rules_min = 1'000;  // fewer means a cut-off file: refused as corrupt

enum class SuffixSection {
  none,      ///< not a listed suffix (a bare unlisted top-level name is `unlisted`)
  unlisted,  ///< a single label that the list does not know: the list's default rule "*"
  icann,     ///< run by a registry: com, com.vn
  hosting,   ///< the list's private section: blogspot.com, pages.dev; users' names lie below
};

class PublicSuffixList {
 public:
  /// Reads the list in the format of publicsuffix.org. not_found, limit_exceeded, or corrupt.
  [[nodiscard]] static Result<PublicSuffixList> load(const std::filesystem::path& path);
  /// libpsl's own table, years old: for tools that are started without data.
  [[nodiscard]] static Result<PublicSuffixList> built_in();

  /// What `host` (normalised) is to the list. About 1 µs.
  [[nodiscard]] SuffixSection section_of(std::string_view host) const;
  /// True if `host` itself is a suffix, listed or by the default rule.
  [[nodiscard]] bool is_public_suffix(std::string_view host) const;
  /// The longest suffix of `host` that the list names; empty if only the default rule matches.
  [[nodiscard]] std::string_view listed_suffix(std::string_view host) const;
  /// Suffix + 1 label: "a.b.com.vn" gives "b.com.vn". nullopt where `host` is itself a suffix.
  [[nodiscard]] std::optional<std::string> registrable_domain(std::string_view host) const;
  [[nodiscard]] int rule_count() const;

 private:
  explicit PublicSuffixList(std::shared_ptr<const psl_ctx_st> list) : list_(std::move(list)) {}
  // Shared because copies of an immutable list are cheap to hand out.
  std::shared_ptr<const psl_ctx_st> list_;
};

}  // namespace khien::text
