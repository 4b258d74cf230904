// Many list files at once, read as feeds would read them but without a subscription: what would be
// taken, what is new, what is refused and why. Nothing takes force from it. One thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/category.h"
#include "base/clock.h"
#include "base/result.h"
#include "cases/impact.h"
#include "exchange/name_set.h"
#include "feeds/feed.h"

namespace khien::feeds {

constexpr std::int64_t bulk_progress_ms = 200;

struct BulkFile {
  std::string file;
  std::string list_class;
  std::optional<Category> category;  ///< none: the class is refused, every line counted as such
  FeedCounts counts;                 ///< `added`: names that its category did not have yet
  std::int64_t elapsed_ms = 0;
};

struct BulkTotals {
  FeedCounts counts;
  std::uint64_t names = 0;  ///< in all categories together
};

/// The class in the name of a list file: "source.phishing.txt" gives "phishing"; empty without one.
[[nodiscard]] std::string class_of_file(const std::filesystem::path& file);

class BulkImport {
 public:
  struct Options {
    exchange::ListFormat format = exchange::ListFormat::domains;
    cases::Scope scope = cases::Scope::host;
  };
  /// Told how far the file in hand is, every bulk_progress_ms.
  using Progress = std::function<void(const std::filesystem::path& file, const FeedCounts& so_far)>;
  /// Impact data and clock must outlive it.
  BulkImport(const cases::ImpactData& impact, const Clock& clock, Options options,
             Progress progress = {})
      : impact_(impact), clock_(clock), options_(options), progress_(std::move(progress)) {}

  /// Reads one file. not_found, unavailable, or the errors of Intake.
  [[nodiscard]] Result<BulkFile> add(const std::filesystem::path& file,
                                     std::string_view list_class);

  [[nodiscard]] const std::map<Category, exchange::NameSet>& sets() const noexcept { return sets_; }
  [[nodiscard]] BulkTotals totals() const;

 private:
  const cases::ImpactData& impact_;
  const Clock& clock_;
  Options options_;
  Progress progress_;
  std::map<Category, exchange::NameSet> sets_;
  FeedCounts counts_;
};

}  // namespace khien::feeds
