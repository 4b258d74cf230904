#include "feeds/bulk_import.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <utility>

#include "feeds/intake.h"
#include "feeds/list_class.h"

namespace khien::feeds {
namespace {

constexpr std::size_t piece_size = std::size_t{256} << 10U;

/// Gives the file to `use` piece by piece.
template <typename Use>
Result<void> read_pieces(const std::filesystem::path& path, Use use) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return fail(ErrorCode::not_found, "cannot read " + path.string());
  std::vector<char> piece(piece_size);
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    const std::string_view read{piece.data(), static_cast<std::size_t>(file.gcount())};
    if (auto used = use(read); !used) return used;
  }
  if (file.bad()) return fail(ErrorCode::unavailable, "reading " + path.string() + " failed");
  return {};
}

void add_counts(FeedCounts& sum, const FeedCounts& more) {
  sum.read += more.read;
  sum.added += more.added;
  sum.duplicate += more.duplicate;
  sum.redundant += more.redundant;
  sum.refused += more.refused;
  for (const auto& [reason, count] : more.refused_reasons) sum.refused_reasons[reason] += count;
}

// Every line of a class that stands for nothing here.
Result<FeedCounts> count_refused(const std::filesystem::path& path) {
  FeedCounts counts;
  bool open_line = false;
  auto read = read_pieces(path, [&](std::string_view piece) -> Result<void> {
    counts.read += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    if (!piece.empty()) open_line = piece.back() != '\n';
    return {};
  });
  if (!read) return tl::unexpected(std::move(read).error());
  if (open_line) ++counts.read;
  counts.refused = counts.read;
  counts.refused_reasons["list_class"] = counts.read;
  return counts;
}

}  // namespace

std::string class_of_file(const std::filesystem::path& file) {
  const auto stem = file.stem().string();
  const auto dot = stem.rfind('.');
  return dot == std::string::npos ? std::string{} : stem.substr(dot + 1);
}

Result<BulkFile> BulkImport::add(const std::filesystem::path& file, std::string_view list_class) {
  const auto started_ms = clock_.steady_ms();
  BulkFile report{.file = file.filename().string(),
                  .list_class = std::string{list_class},
                  .category = category_of_list_class(list_class),
                  .counts = {}};
  if (!report.category) {
    auto counts = count_refused(file);
    if (!counts) return tl::unexpected(std::move(counts).error());
    report.counts = std::move(*counts);
  } else {
    Intake intake{impact_,
                  {.name = {},
                   .source = {},
                   .format = options_.format,
                   .category = *report.category,
                   .scope = options_.scope,
                   .entries_max = entries_max_max,
                   .reason = {}}};
    auto told_ms = started_ms;
    auto read = read_pieces(file, [&](std::string_view piece) {
      auto taken = intake.read(piece);
      if (progress_ && clock_.steady_ms() - told_ms >= bulk_progress_ms) {
        told_ms = clock_.steady_ms();
        progress_(file, intake.progress());
      }
      return taken;
    });
    if (!read) return tl::unexpected(std::move(read).error());
    auto taken = intake.finish();
    if (!taken) return tl::unexpected(std::move(taken).error());
    auto& set = sets_[*report.category];
    const std::array<const exchange::NameSet*, 2> both{&set, &taken->set};
    auto united = exchange::unite(both);
    report.counts = std::move(taken->counts);
    report.counts.added = exchange::difference(set, united).added.size();
    // Names that another list of this category, or a wider name of it, had before.
    const auto kept = taken->set.size();
    if (kept > report.counts.added) report.counts.duplicate += kept - report.counts.added;
    set = std::move(united);
  }
  report.elapsed_ms = clock_.steady_ms() - started_ms;
  add_counts(counts_, report.counts);
  return report;
}

BulkTotals BulkImport::totals() const {
  BulkTotals totals{.counts = counts_};
  for (const auto& [category, set] : sets_) totals.names += set.size();
  return totals;
}

}  // namespace khien::feeds
