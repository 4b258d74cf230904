#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

#include "base/file.h"
#include "cases/name_list.h"
#include "commands.h"

namespace khien::khienctl {

Result<void> import_popularity(const Place& place, const std::filesystem::path& file,
                               std::size_t top) {
  auto content = read_file(file, cases::name_list_size_max);
  if (!content) return propagate(std::move(content).error(), "read the list");
  const SystemClock clock;
  const auto day = fmt::gmtime(static_cast<std::time_t>(clock.now_ms() / ms_per_second));
  auto imported =
      cases::import_popularity(as_text(*content), {.kind = cases::ListKind::popularity,
                                                   .name = "imported-popularity",
                                                   .title_vi = "tên miền được truy cập nhiều nhất",
                                                   .title_en = "most visited names",
                                                   .owner = "operator",
                                                   .source = file.filename().string(),
                                                   .licence = "operator's own",
                                                   .date = fmt::format("{:%Y-%m-%d}", day),
                                                   .members_of_top = static_cast<std::int64_t>(top),
                                                   .ranked = true});
  if (!imported) return propagate(std::move(imported).error(), "read the list");
  const auto folder = place.state / "lists" / "popularity";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::unavailable, "make " + folder.string() + ": " + error.message());
  auto written = write_file_atomically(folder / "imported-popularity.txt",
                                       as_bytes(cases::write_name_list(imported->list)),
                                       FileAccess::everybody);
  if (!written) return written;
  fmt::print("{} names taken, {} left out because they are no hosts. Restart khiend to use them.\n",
             imported->list.names.size(), imported->left_out);
  return {};
}

}  // namespace khien::khienctl
