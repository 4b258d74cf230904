// The load balancers that speak for their clients (PROXY protocol v2), and what they say in front
// of a datagram. Immutable; any thread. Nothing here allocates after construction.
#pragma once

#include <vector>

#include "net/address.h"
#include "policy/prefix_table.h"

namespace khien::resolver {

/// One datagram: what is asked, and by whom. Borrows the datagram.
struct DatagramQuery {
  Bytes message = {};
  policy::AddressKey source = {};
};

class ProxyPeers {
 public:
  ProxyPeers() = default;
  explicit ProxyPeers(const std::vector<net::Prefix>& prefixes);

  [[nodiscard]] bool empty() const noexcept { return is_empty_; }
  /// Whether everything that comes from `peer` must begin with a header.
  [[nodiscard]] bool contain(policy::AddressKey peer) const noexcept {
    return !is_empty_ && table_.find(peer) != policy::PrefixTable::none;
  }

  enum class Reading { plain, accepted, refused };
  struct Read {
    DatagramQuery query = {};
    Reading reading = Reading::plain;
  };
  /// `datagram` with the peer as its source becomes the client's query behind the header. Without a
  /// header that must be there the message is empty, which is no query.
  [[nodiscard]] Read read(const DatagramQuery& datagram) const noexcept;

 private:
  policy::PrefixTable table_;
  bool is_empty_ = true;
};

}  // namespace khien::resolver
