#include "net/xdp_program.h"

#include <bpf/bpf.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "net/xdp_code.h"

namespace khien::net {
namespace {

// A sentence for `error` of the kernel, with what an operator can do about it.
tl::unexpected<Error> kernel_error(std::string_view doing, std::string_view interface, int error) {
  const std::string what = fmt::format("{} {}: {}", doing, interface, std::strerror(error));
  switch (error) {
    case EPERM:
    case EACCES:
      return fail(ErrorCode::denied,
                  what + "; XDP needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_NET_RAW");
    case EBUSY:
    case EEXIST: return fail(ErrorCode::conflict, what + "; another XDP program is attached to it");
    case EOPNOTSUPP:
      return fail(ErrorCode::unavailable,
                  what + "; the driver has no native XDP: use --xdp-mode generic");
    default: return fail(ErrorCode::unavailable, what);
  }
}

bool is_any(const IpAddress& ip) noexcept {
  return std::ranges::all_of(ip.octets(), [](std::uint8_t octet) { return octet == 0; });
}

struct InterfaceAddress {
  std::string interface;
  IpAddress ip;
};

// What all interfaces have now.
std::vector<InterfaceAddress> interface_addresses() {
  std::vector<InterfaceAddress> found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    const int family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    NativeAddress native;
    native.size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    std::memcpy(&native.storage, at->ifa_addr, native.size);
    found.push_back({.interface = at->ifa_name, .ip = from_native(native).ip});
  }
  ::freeifaddrs(list);
  return found;
}

XdpListenKey key_of(const SocketAddress& address) {
  XdpListenKey key;
  const Bytes ip = address.ip.octets();
  std::ranges::copy(ip, key.address.begin());
  key.port = {static_cast<std::uint8_t>(address.port >> 8),
              static_cast<std::uint8_t>(address.port)};
  const std::uint16_t family = address.ip.is_v4() ? xdp_key_v4 : xdp_key_v6;
  std::memcpy(key.family.data(), &family, sizeof family);
  return key;
}

}  // namespace

std::string_view to_string(XdpMode mode) noexcept {
  switch (mode) {
    case XdpMode::native: return "native";
    case XdpMode::generic: return "generic";
    case XdpMode::automatic: return "auto";
  }
  return "";
}

Result<std::string> interface_for(const std::vector<SocketAddress>& listen) {
  std::set<std::string> candidates;
  for (const SocketAddress& wanted : listen) {
    if (wanted.ip.is_loopback()) continue;
    for (const auto& [interface, ip] : interface_addresses()) {
      if (ip == wanted.ip) return interface;
      if (is_any(wanted.ip) && !ip.is_loopback()) candidates.insert(interface);
    }
  }
  if (candidates.size() == 1) return *candidates.begin();
  return fail(ErrorCode::not_found,
              candidates.empty() ? "no interface but loopback has an address that --listen names"
                                 : "several interfaces could bring queries: name one, xdp:IFACE");
}

Result<std::unique_ptr<XdpProgram>> XdpProgram::attach(const XdpProgramOptions& options) {
  std::unique_ptr<XdpProgram> program{new XdpProgram};  // NOLINT: the constructor is private
  auto ready = program->read_interface(options);
  if (ready) ready = program->load();
  if (ready) {
    const bool automatic = options.mode == XdpMode::automatic;
    ready = program->attach_in(automatic ? XdpMode::native : options.mode);
    // Whatever the driver did not like about native: if generic works, it is what was asked for.
    if (!ready && automatic && ready.error().code == ErrorCode::unavailable) {
      ready = program->attach_in(XdpMode::generic);
    }
  }
  if (!ready) return tl::unexpected(std::move(ready).error());
  return program;
}

void XdpProgram::listen_to(const IpAddress& ip, const SocketAddress& listener) {
  addresses_.push_back({.ip = ip, .port = listener.port});
  listeners_.push_back(listener);
}

Result<void> XdpProgram::read_interface(const XdpProgramOptions& options) {
  interface_ = options.interface;
  ifreq request{};
  if (interface_.empty() || interface_.size() >= sizeof request.ifr_name) {
    return fail(ErrorCode::invalid_argument, "no interface is called \"" + interface_ + "\"");
  }
  interface_index_ = ::if_nametoindex(interface_.c_str());
  if (interface_index_ == 0) {
    return fail(ErrorCode::not_found, "there is no interface " + interface_);
  }
  const FileDescriptor any{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  std::ranges::copy(interface_, std::begin(request.ifr_name));
  if (::ioctl(any.get(), SIOCGIFHWADDR, &request) != 0) {
    return kernel_error("read the link address of", interface_, errno);
  }
  std::memcpy(link_address_.data(), request.ifr_hwaddr.sa_data, link_address_.size());
  if (::ioctl(any.get(), SIOCGIFMTU, &request) != 0) {
    return kernel_error("read the MTU of", interface_, errno);
  }
  if (request.ifr_mtu < static_cast<int>(xdp_interface_mtu_min)) {
    return fail(ErrorCode::unavailable,
                fmt::format("{} has an MTU of {}; {} is the least for XDP", interface_,
                            request.ifr_mtu, xdp_interface_mtu_min));
  }
  for (const SocketAddress& wanted : options.listen) {
    if (wanted.ip.is_loopback()) continue;
    if (!is_any(wanted.ip)) {
      listen_to(wanted.ip, wanted);
      continue;
    }
    for (const auto& [interface, ip] : interface_addresses()) {
      if (interface != interface_ || ip.family() != wanted.ip.family()) continue;
      listen_to(ip, wanted);
    }
  }
  if (addresses_.empty()) {
    return fail(ErrorCode::unavailable, "nothing listens to an address that " + interface_ +
                                            " could bring packets for; see --listen");
  }
  if (addresses_.size() > xdp_addresses_max) {
    return fail(ErrorCode::limit_exceeded,
                fmt::format("{} addresses on {}; XDP takes {} at most", addresses_.size(),
                            interface_, xdp_addresses_max));
  }
  return {};
}

Result<void> XdpProgram::load() {
  listen_map_ =
      FileDescriptor{::bpf_map_create(BPF_MAP_TYPE_HASH, "khien_listen", sizeof(XdpListenKey),
                                      sizeof(std::uint32_t), xdp_addresses_max, nullptr)};
  if (!listen_map_.valid()) return kernel_error("make a BPF map for", interface_, errno);
  for (std::uint32_t i = 0; i < addresses_.size(); ++i) {
    const XdpListenKey key = key_of(addresses_[i]);
    if (::bpf_map_update_elem(listen_map_.get(), &key, &i, BPF_ANY) != 0) {
      return kernel_error("fill the BPF map of", interface_, errno);
    }
  }
  socket_map_ =
      FileDescriptor{::bpf_map_create(BPF_MAP_TYPE_XSKMAP, "khien_sockets", sizeof(std::uint32_t),
                                      sizeof(std::uint32_t), xdp_queues_max, nullptr)};
  if (!socket_map_.valid()) return kernel_error("make an XSK map for", interface_, errno);

  const BpfCode code = xdp_code(listen_map_.get(), socket_map_.get());
  program_ = FileDescriptor{::bpf_prog_load(BPF_PROG_TYPE_XDP, "khien_dnsd", "Apache-2.0",
                                            code.instructions().data(), code.instructions().size(),
                                            nullptr)};
  if (!program_.valid()) return kernel_error("load the XDP program for", interface_, errno);
  return {};
}

Result<void> XdpProgram::attach_in(XdpMode mode) {
  bpf_link_create_opts options{};
  options.sz = sizeof options;
  options.flags = mode == XdpMode::native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
  link_ = FileDescriptor{
      ::bpf_link_create(program_.get(), static_cast<int>(interface_index_), BPF_XDP, &options)};
  if (!link_.valid()) return kernel_error("attach XDP to", interface_, errno);
  mode_ = mode;
  return {};
}

Result<void> XdpProgram::add_socket(std::uint32_t queue, int fd) {
  if (queue >= xdp_queues_max) {
    return fail(ErrorCode::limit_exceeded,
                fmt::format("queue {}; the last is {}", queue, xdp_queues_max - 1));
  }
  if (::bpf_map_update_elem(socket_map_.get(), &queue, &fd, BPF_ANY) != 0) {
    return kernel_error(fmt::format("lead queue {} of", queue), interface_, errno);
  }
  return {};
}

}  // namespace khien::net
