// The XDP program that takes our DNS queries off an interface before the kernel's IP stack sees
// them, attached for as long as this object lives: the kernel takes it off when the process ends,
// however it ends. Needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW.
//
// It redirects UDP in plain IPv4 or IPv6 (no option, no extension, no fragment, no VLAN tag) to one
// of the given addresses and ports, to the AF_XDP socket of the queue that it came in by. All else,
// and everything while that queue has no socket, goes on to the kernel. Packets that it takes do
// not meet the kernel's firewall. docs/adr/0606-af-xdp.md says why it is assembled here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "net/udp_frame.h"

namespace khien::net {

constexpr std::uint32_t xdp_queues_max = 256;         // of an interface
constexpr std::size_t xdp_addresses_max = 256;        // that one program listens to
constexpr std::size_t xdp_interface_mtu_min = 1'280;  // the least of IPv6: any UDP answer fits

enum class XdpMode : std::uint8_t {
  native,     ///< in the driver
  generic,    ///< in the kernel's receive path: any interface, slower
  automatic,  ///< native where the driver can, otherwise generic
};

struct XdpProgramOptions {
  std::string interface = {};
  XdpMode mode = XdpMode::automatic;
  /// With ports. A wildcard address stands for the interface's own addresses of that family as they
  /// are now; loopback addresses are left out.
  std::vector<SocketAddress> listen = {};
};

class XdpProgram {
 public:
  /// denied without rights; not_found for an unknown interface; conflict if another program is
  /// attached; unavailable if the driver cannot, or no address is left. The message says what is
  /// missing.
  [[nodiscard]] static Result<std::unique_ptr<XdpProgram>> attach(const XdpProgramOptions& options);

  /// From now on packets of `queue` go to the AF_XDP socket `fd`, until that is closed.
  [[nodiscard]] Result<void> add_socket(std::uint32_t queue, int fd);

  [[nodiscard]] const std::string& interface() const noexcept { return interface_; }
  [[nodiscard]] XdpMode mode() const noexcept { return mode_; }  ///< never automatic
  [[nodiscard]] const LinkAddress& link_address() const noexcept { return link_address_; }
  /// Without wildcards, in the order of XdpProgramOptions::listen.
  [[nodiscard]] const std::vector<SocketAddress>& addresses() const noexcept { return addresses_; }

  /// Of each of addresses(), the one of XdpProgramOptions::listen that it stands for.
  [[nodiscard]] const std::vector<SocketAddress>& listeners() const noexcept { return listeners_; }

 private:
  XdpProgram() = default;
  void listen_to(const IpAddress& ip, const SocketAddress& listener);
  Result<void> read_interface(const XdpProgramOptions& options);
  Result<void> load();
  Result<void> attach_in(XdpMode mode);

  std::string interface_;
  unsigned interface_index_ = 0;
  LinkAddress link_address_{};
  std::vector<SocketAddress> addresses_;
  std::vector<SocketAddress> listeners_;
  XdpMode mode_ = XdpMode::generic;
  FileDescriptor listen_map_;
  FileDescriptor socket_map_;
  FileDescriptor program_;
  FileDescriptor link_;  // last: closed first, which takes the program off
};

[[nodiscard]] std::string_view to_string(XdpMode mode) noexcept;

/// The interface that packets to `listen` come in by, as far as it is plain: the one that has the
/// first of these addresses, or for a wildcard the only one beside loopback. not_found otherwise.
[[nodiscard]] Result<std::string> interface_for(const std::vector<SocketAddress>& listen);

}  // namespace khien::net
