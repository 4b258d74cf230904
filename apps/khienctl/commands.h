// The commands of khienctl, one function each. What they have to say goes to standard output; an
// error is the caller's to print.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "place.h"

namespace khien::khienctl {

enum class Output : std::uint8_t { text, json };

// backup.cpp
[[nodiscard]] Result<void> backup(const Place& place, const std::filesystem::path& file);
[[nodiscard]] Result<void> restore(const Place& place, const std::filesystem::path& file);

// demo.cpp
[[nodiscard]] Result<void> demo_users(const Place& place, Output output);
[[nodiscard]] Result<void> demo_code(const Place& place, const std::string& user);

// ledger.cpp
[[nodiscard]] Result<void> ledger_verify(const Place& place, const std::string& key);
[[nodiscard]] Result<void> ledger_prove(const Place& place, const std::string& order);
[[nodiscard]] Result<void> ledger_key(const Place& place);

// zone.cpp
struct FollowerAdd {
  std::string
      kind;  ///< "bind", "unbound" or "khien-dnsd": decides key or address, and the text printed
  std::string name;              ///< empty: the kind
  std::string address;           ///< where it listens for NOTIFY, ADDRESS:PORT
  std::string primary;           ///< where khiend serves zones, ADDRESS:PORT
  std::string zones;             ///< bases or ids with commas
  std::filesystem::path folder;  ///< the resolver's own, for its zone files; empty: none kept
};
[[nodiscard]] Result<void> zone_follower_add(const Place& place, const FollowerAdd& add);
[[nodiscard]] Result<void> zone_follower_list(const Place& place);
[[nodiscard]] Result<void> zone_key_add(const Place& place, const std::string& name);
[[nodiscard]] Result<void> zone_rollback(const Place& place, const std::string& zone,
                                         std::uint32_t serial);
[[nodiscard]] Result<void> zone_stop(const Place& place, bool stopped);

// data.cpp
[[nodiscard]] Result<void> import_popularity(const Place& place, const std::filesystem::path& file,
                                             std::size_t top);

}  // namespace khien::khienctl
