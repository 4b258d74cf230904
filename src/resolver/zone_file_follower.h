// Keeps one file equal to one zone of a primary, or of several that serve the same: for resolvers
// that read policy from files and look at them again when they change (Knot Resolver). The file is
// replaced by rename, so that nobody reads half of it. Once all are silent for longer than the
// zone's SOA EXPIRE, the file holds the zone without a rule, as a secondary's would.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "dns/tsig.h"
#include "resolver/transfer_connection.h"
#include "resolver/zone_copy.h"

namespace khien::resolver {

constexpr std::int64_t follow_retry_max_ms = 15'000;

struct ZoneFileOptions {
  dns::Name zone;
  std::filesystem::path file;
  std::vector<net::SocketAddress> primaries;  ///< one at least; where one fails the next is asked
  std::optional<dns::TsigKey> key = {};
  std::int64_t every_ms = 1'000;  ///< between two questions for changes
};

/// One thread.
class ZoneFileFollower {
 public:
  /// `stop_fd` as in TransferConnection. All borrowed.
  ZoneFileFollower(ZoneFileOptions options, int stop_fd, const Clock& clock, Rng& rng);

  enum class Outcome { unchanged, written, expired };
  /// Asks once, and writes the file if anything changed. An error leaves the file as it is, unless
  /// the zone has expired meanwhile, which is written and told at once.
  [[nodiscard]] Result<Outcome> refresh();
  /// How long to wait before the next refresh(): longer after failures.
  [[nodiscard]] std::int64_t wait_ms() const noexcept;
  [[nodiscard]] const ZoneCopy& copy() const noexcept { return copy_; }
  /// Who was asked last.
  [[nodiscard]] const net::SocketAddress& primary() const noexcept {
    return options_.primaries[asked_];
  }

 private:
  Result<void> connect();
  Result<bool> transfer();
  Result<bool> transfer_from(std::optional<std::uint32_t> serial);
  Result<void> write(const std::string& text);

  ZoneFileOptions options_;
  const Clock& clock_;
  Rng& rng_;
  TransferConnection connection_;
  ZoneCopy copy_;
  InstantMs confirmed_at_ms_ = 0;
  bool is_expired_ = false;
  bool is_written_ = false;
  std::size_t asked_ = 0;  // of the primaries
  int failures_ = 0;
};

}  // namespace khien::resolver
