#include "net/tls_tickets.h"

#include <openssl/crypto.h>

namespace khien::net {

TlsTicketKeys::TlsTicketKeys(Rng& rng, std::int64_t now_ms) : rng_(rng) {
  auto keys = keys_.lock();
  keys->current = make();
  keys->made_at_ms = now_ms;
}

TlsTicketKeys::~TlsTicketKeys() {
  auto keys = keys_.lock();
  OPENSSL_cleanse(&keys->current, sizeof keys->current);
  if (keys->previous) OPENSSL_cleanse(&*keys->previous, sizeof *keys->previous);
}

TlsTicketKey TlsTicketKeys::make() const {
  TlsTicketKey key;
  rng_.fill(key.name);
  rng_.fill(key.cipher);
  rng_.fill(key.mac);
  return key;
}

void TlsTicketKeys::rotate(std::int64_t now_ms) {
  auto keys = keys_.lock();
  const std::int64_t age_ms = now_ms - keys->made_at_ms;
  if (age_ms < tls_ticket_life_s * 1'000) return;
  // Slept through a whole period more: tickets of the current key are over as well.
  if (age_ms < 2 * tls_ticket_life_s * 1'000) {
    keys->previous = keys->current;
  } else {
    keys->previous.reset();
  }
  keys->current = make();
  keys->made_at_ms = now_ms;
}

TlsTicketKey TlsTicketKeys::current() const { return keys_.lock()->current; }

std::optional<TlsTicketKeys::Found> TlsTicketKeys::find(
    const std::array<std::uint8_t, 16>& name) const {
  auto keys = keys_.lock();
  if (keys->current.name == name) return Found{.key = keys->current, .is_current = true};
  if (keys->previous && keys->previous->name == name) return Found{.key = *keys->previous};
  return std::nullopt;
}

}  // namespace khien::net
