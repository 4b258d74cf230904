#include "resolver/upstream.h"

#include "codec/base64.h"

namespace khien::resolver {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t dns_over_tls_port = 853;  // RFC 7858 section 3.1
constexpr std::string_view pin_mark = "pin-sha256=";

struct Scheme {
  std::string_view prefix;
  UpstreamProtocol protocol;
};
constexpr std::array<Scheme, 3> schemes{{{"udp://", UpstreamProtocol::udp},
                                         {"tcp://", UpstreamProtocol::tcp},
                                         {"tls://", UpstreamProtocol::tls}}};

// One of what stands behind '#'.
Result<void> add_proof(std::string_view proof, Upstream& upstream) {
  if (!proof.starts_with(pin_mark)) {
    if (proof.empty() || !upstream.tls_name.empty()) {
      return fail(ErrorCode::malformed, "give one name behind #");
    }
    upstream.tls_name = proof;
    return {};
  }
  const auto octets = codec::parse_base64(proof.substr(pin_mark.size()));
  crypto::Sha256Digest pin{};
  if (!octets || octets->size() != pin.size()) {
    return fail(ErrorCode::malformed, "a pin is the base64 of 32 octets");
  }
  if (upstream.pins.size() == pins_max) return fail(ErrorCode::malformed, "eight pins at most");
  std::ranges::copy(*octets, pin.begin());
  upstream.pins.push_back(pin);
  return {};
}

}  // namespace

Result<Upstream> parse_upstream(std::string_view text) {
  Upstream upstream;
  for (const Scheme& scheme : schemes) {
    if (!text.starts_with(scheme.prefix)) continue;
    text.remove_prefix(scheme.prefix.size());
    upstream.protocol = scheme.protocol;
    break;
  }
  const bool is_tls = upstream.protocol == UpstreamProtocol::tls;
  auto mark = text.find('#');
  auto address =
      net::SocketAddress::parse(text.substr(0, mark), is_tls ? dns_over_tls_port : dns_port);
  if (!address) return tl::unexpected(std::move(address).error());
  upstream.address = *address;
  while (mark != std::string_view::npos) {
    text.remove_prefix(mark + 1);
    mark = text.find('#');
    if (!is_tls) return fail(ErrorCode::malformed, "only tls:// takes a name or a pin");
    if (auto added = add_proof(text.substr(0, mark), upstream); !added) {
      return tl::unexpected(std::move(added).error());
    }
  }
  if (is_tls && upstream.tls_name.empty() && upstream.pins.empty()) {
    return fail(ErrorCode::malformed,
                "tls:// wants #NAME or #pin-sha256=BASE64 behind the address");
  }
  return upstream;
}

std::string to_string(const Upstream& upstream) {
  std::string text;
  for (const Scheme& scheme : schemes) {
    if (scheme.protocol == upstream.protocol && upstream.protocol != UpstreamProtocol::udp) {
      text = scheme.prefix;
    }
  }
  text += net::to_string(upstream.address);
  if (!upstream.tls_name.empty()) text += "#" + upstream.tls_name;
  for (const auto& pin : upstream.pins) {
    text += "#" + std::string{pin_mark} + codec::base64(pin);
  }
  return text;
}

}  // namespace khien::resolver
