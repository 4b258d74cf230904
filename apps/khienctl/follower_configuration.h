// What a resolver's operator puts into its configuration to follow our zones: about ten lines for
// each kind, complete as they stand. docs/publish/isp.md shows them in their place.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "net/address.h"
#include "publish/followers.h"

namespace khien::khienctl {

struct Configuration {
  std::string kind;  ///< khien-dnsd, unbound, bind, powerdns or knot-resolver
  const publish::Follower& follower;
  std::vector<net::SocketAddress> primaries;  ///< at least one; they serve the same zones
  std::filesystem::path key_file;
  std::filesystem::path folder;  ///< for zone files; empty: none are kept
};

/// What --primary says, each time it stands.
[[nodiscard]] Result<std::vector<net::SocketAddress>> read_primaries(
    const std::vector<std::string>& texts);
void print_configuration(const Configuration& configuration);

}  // namespace khien::khienctl
