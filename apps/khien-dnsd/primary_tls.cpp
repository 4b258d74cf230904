#include "primary_tls.h"

#include <algorithm>

#include "codec/base64.h"

namespace khien::dnsd {
namespace {

constexpr std::size_t pins_max = 8;

tl::unexpected<Error> bad(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

Result<std::vector<crypto::Sha256Digest>> read_pins(const std::vector<std::string>& texts) {
  if (texts.size() > pins_max) return bad("--primary-tls-pin: at most 8");
  std::vector<crypto::Sha256Digest> pins;
  for (const std::string& text : texts) {
    const auto octets = codec::parse_base64(text);
    crypto::Sha256Digest pin{};
    if (!octets || octets->size() != pin.size()) {
      return bad("--primary-tls-pin: a pin is the base64 of 32 octets, not \"" + text + "\"");
    }
    std::ranges::copy(*octets, pin.begin());
    pins.push_back(pin);
  }
  return pins;
}

}  // namespace

Result<std::optional<resolver::TransferTls>> read_primary_tls(const Written& written) {
  const bool is_proven = !written.primary_tls_name.empty() || !written.primary_tls_pin.empty();
  const bool has_more = !written.primary_tls_ca.empty() || !written.primary_tls_cert.empty() ||
                        !written.primary_tls_key.empty();
  if (!is_proven && has_more) {
    return bad("TLS with the primary needs --primary-tls-name or --primary-tls-pin: who it is");
  }
  if (!is_proven) return std::nullopt;
  if (written.primary.empty()) return bad("--primary-tls-… belongs to --primary");
  if (written.primary_tls_cert.empty() != written.primary_tls_key.empty()) {
    return bad("--primary-tls-cert and --primary-tls-key belong together");
  }
  auto pins = read_pins(written.primary_tls_pin);
  if (!pins) return tl::unexpected<Error>{std::move(pins).error()};
  auto context = net::TlsContext::client({.authorities = written.primary_tls_ca,
                                          .alpn = {"dot"},
                                          .version_min = net::TlsVersion::v1_3,
                                          .certificate = written.primary_tls_cert,
                                          .key = written.primary_tls_key});
  if (!context) return propagate(std::move(context).error(), "--primary-tls-…");
  return resolver::TransferTls{
      .context = std::move(*context),
      .peer = {.name = written.primary_tls_name, .pins = std::move(*pins)}};
}

}  // namespace khien::dnsd
