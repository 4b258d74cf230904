#include "publish/control.h"

#include <charconv>
#include <chrono>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "publish/zone_set.h"

namespace khien::publish {
namespace {

constexpr std::size_t control_size_max = 1'024;

std::filesystem::path stop_path(const std::filesystem::path& folder) { return folder / "stop"; }
std::filesystem::path request_path(const std::filesystem::path& folder) {
  return folder / "rollback-request";
}
std::filesystem::path answer_path(const std::filesystem::path& folder) {
  return folder / "rollback-answer";
}

Result<void> write_text(const std::filesystem::path& path, std::string_view text) {
  return write_file_atomically(path, as_bytes(text), FileAccess::owner);
}

void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
}

/// "ZONE SERIAL\n"
std::optional<std::pair<std::string, std::uint32_t>> parse_request(std::string_view text) {
  if (!text.ends_with('\n')) return std::nullopt;
  text.remove_suffix(1);
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(space + 1);
  std::uint32_t serial = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, serial);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return std::pair{std::string{text.substr(0, space)}, serial};
}

/// "ok …" or "error …", as it stands in the answer file.
std::string perform(ZoneSet& zones, std::string_view zone, std::uint32_t serial) {
  const auto applied = zones.rollback(zone, serial);
  if (!applied) return "error " + applied.error().message;
  const std::uint32_t now = applied->serials.empty() ? serial : applied->serials.front().serial;
  write_log(LogLevel::warning, "zone_rolled_back",
            {{"zone", zone}, {"to", serial}, {"serial", now}});
  return "ok " + std::string{zone} + " serves what it served at " + std::to_string(serial) +
         ", as serial " + std::to_string(now);
}

Result<std::string> read_answer(std::string_view text) {
  if (text.starts_with("ok ")) return std::string{text.substr(3)};
  if (text.starts_with("error ")) {
    return fail(ErrorCode::conflict, std::string{text.substr(6)}, "rollback");
  }
  return fail(ErrorCode::malformed, "the publisher's answer is not understood");
}

Result<std::string> await_answer(const RollbackRequest& request, const Clock& clock) {
  constexpr std::chrono::milliseconds step{50};
  const std::int64_t deadline_ms = clock.steady_ms() + request.wait_ms;
  while (clock.steady_ms() < deadline_ms) {
    const auto answer = read_file(answer_path(request.folder), control_size_max);
    if (answer) {
      remove_file(answer_path(request.folder));
      return read_answer(as_text(*answer));
    }
    std::this_thread::sleep_for(step);
  }
  remove_file(request_path(request.folder));
  return fail(ErrorCode::timeout, "the publisher did not answer; nothing was rolled back");
}

}  // namespace

Result<void> set_stopped(const std::filesystem::path& folder, bool stopped) {
  if (stopped) return write_text(stop_path(folder), "stopped by an operator\n");
  remove_file(stop_path(folder));
  return sync_folder(folder);
}

bool is_stopped(const std::filesystem::path& folder) {
  std::error_code error;
  return std::filesystem::exists(stop_path(folder), error);
}

Result<std::string> roll_back(const RollbackRequest& request, const Clock& clock) {
  if (find_zone(request.zone) == nullptr) {
    return fail(ErrorCode::not_found, "no zone " + request.zone, "unknown_zone");
  }
  if (auto stopped = set_stopped(request.folder, true); !stopped) {
    return tl::unexpected(std::move(stopped).error());
  }
  SystemRng rng;
  auto zones = ZoneSet::open({.folder = request.folder}, clock, rng);
  if (zones) return read_answer(perform(**zones, request.zone, request.serial));
  if (zones.error().reason != "in_use") return tl::unexpected(std::move(zones).error());
  remove_file(answer_path(request.folder));
  const std::string text = request.zone + " " + std::to_string(request.serial) + "\n";
  if (auto asked = write_text(request_path(request.folder), text); !asked) {
    return tl::unexpected(std::move(asked).error());
  }
  return await_answer(request, clock);
}

void serve_control(const std::filesystem::path& folder, ZoneSet& zones) {
  const auto request = read_file(request_path(folder), control_size_max);
  if (!request) return;
  remove_file(request_path(folder));
  const auto parsed = parse_request(as_text(*request));
  const std::string answer =
      parsed ? perform(zones, parsed->first, parsed->second) : "error not a request";
  if (const auto written = write_text(answer_path(folder), answer); !written) {
    write_log(LogLevel::error, "rollback_answer_lost", {{"error", written.error().message}});
  }
}

}  // namespace khien::publish
