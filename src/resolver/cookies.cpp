#include "resolver/cookies.h"

#include <algorithm>

#include "base/file.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "dns/wire.h"

namespace khien::resolver {
namespace {

constexpr std::uint8_t version = 1;
// Within a cookie: the client's, version, three reserved octets, time, hash.
constexpr std::size_t time_at = client_cookie_size + 4;
constexpr std::size_t hash_at = client_cookie_size + 8;
constexpr std::size_t address_size_max = 16;

crypto::SipHash hash_of(Bytes until_hash, Bytes address, const CookieSecret& secret) noexcept {
  std::array<std::uint8_t, hash_at + address_size_max> input;
  auto end = std::ranges::copy(until_hash, input.begin()).out;
  end = std::ranges::copy(address, end).out;
  return crypto::siphash24(secret, Bytes{input.begin(), end});
}

bool is_ours(Bytes cookie, Bytes address, const CookieSecret& secret) noexcept {
  const auto hash = hash_of(cookie.first(hash_at), address, secret);
  return crypto::constant_time_equal(Bytes{hash}, cookie.subspan(hash_at));
}

}  // namespace

CookieSecrets CookieSecrets::random(Rng& rng) {
  CookieSecrets secrets;
  rng.fill(secrets.current);
  return secrets;
}

Result<CookieSecrets> parse_cookie_secrets(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  std::array<CookieSecret, 2> secrets;
  std::size_t count = 0;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
    if (text.empty()) break;
    const std::string_view word = text.substr(0, text.find_first_of(space));
    text.remove_prefix(word.size());
    const auto octets = codec::parse_hex(word);
    if (!octets || octets->size() != sizeof(CookieSecret) || count == secrets.size()) {
      return fail(ErrorCode::malformed, "one or two lines of 32 hexadecimal digits are wanted",
                  "bad_cookie_secret");
    }
    std::ranges::copy(*octets, secrets[count++].begin());
  }
  if (count == 0) return fail(ErrorCode::malformed, "no secret in it", "bad_cookie_secret");
  CookieSecrets out{.current = secrets[0]};
  if (count == 2) out.previous = secrets[1];
  return out;
}

Result<CookieSecrets> read_cookie_secrets(const std::filesystem::path& path) {
  auto octets = read_file(path, cookie_file_size_max);
  if (!octets) return propagate(std::move(octets).error(), "read the cookies' secret");
  auto secrets = parse_cookie_secrets(as_text(*octets));
  if (!secrets) return propagate(std::move(secrets).error(), path.string());
  return secrets;
}

Cookies::Reply Cookies::answer(Bytes cookie, Bytes address) const noexcept {
  Reply reply;
  const auto now_s = static_cast<std::uint32_t>(clock_->now_ms() / 1'000);
  if (cookie.size() == cookie_size && cookie[client_cookie_size] == version) {
    // Seconds count round (RFC 1982), so that 2106 is a year like others.
    const std::uint32_t age_s = now_s - dns::load_u32(cookie, time_at);
    const bool recent = age_s <= cookie_age_max_s || 0 - age_s <= cookie_ahead_max_s;
    const bool current = recent && is_ours(cookie, address, secrets_.current);
    const bool previous =
        recent && !current && secrets_.previous && is_ours(cookie, address, *secrets_.previous);
    reply.known = current || previous;
    // A reserved field that is not ours to set makes it a cookie to renew.
    const bool plain = dns::load_u32(cookie, client_cookie_size) == std::uint32_t{version} << 24;
    if (current && plain && (age_s <= cookie_renew_after_s || 0 - age_s <= cookie_ahead_max_s)) {
      std::ranges::copy(cookie, reply.octets.begin());
      return reply;
    }
  }
  std::ranges::copy(cookie.first(client_cookie_size), reply.octets.begin());
  dns::store_u32(reply.octets, client_cookie_size, std::uint32_t{version} << 24);
  dns::store_u32(reply.octets, time_at, now_s);
  const auto hash = hash_of(Bytes{reply.octets}.first(hash_at), address, secrets_.current);
  std::ranges::copy(hash, reply.octets.begin() + hash_at);
  return reply;
}

}  // namespace khien::resolver
