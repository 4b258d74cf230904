// The TSIG readers: nothing that was not signed with our key passes.
#include <array>

#include "base/assert.h"
#include "dns/tsig.h"

using namespace khien;

namespace {

dns::TsigKey make_key() {
  auto name = dns::Name::from_text("unit.key.");
  KHIEN_ASSERT(name.has_value());
  return {.name = std::move(*name), .secret = Octets(32, 0x5A)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::int64_t now_s = 1'767'225'600;
  static const std::array keys{make_key()};
  const dns::Bytes message{data, size};

  const auto check = dns::check_request(message, keys, now_s);
  // The corpus is signed with another secret, so no input can pass but by breaking HMAC.
  KHIEN_ASSERT(check.status != dns::TsigStatus::ok);
  if (check.tsig && (check.status != dns::TsigStatus::bad_time || check.key != nullptr)) {
    Octets answer(dns::header_size);
    KHIEN_ASSERT(dns::sign_error(answer, check, now_s).has_value());
    const auto written = dns::find_tsig(answer);
    KHIEN_ASSERT(written.has_value() && written->has_value());
  }
  dns::TsigVerifier verifier{keys[0], Octets(32, 1)};
  KHIEN_ASSERT(verifier.check(message, now_s) != dns::TsigStatus::ok);
  KHIEN_ASSERT(!verifier.complete());

  // Whatever reads as a message without TSIG can be signed and then passes.
  if (!dns::parse_message(message) || check.status != dns::TsigStatus::not_signed) return 0;
  Octets own = to_octets(message);
  if (!dns::sign_request(own, keys[0], now_s)) return 0;
  KHIEN_ASSERT(dns::check_request(own, keys, now_s).status == dns::TsigStatus::ok);
  return 0;
}
