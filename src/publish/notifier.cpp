#include "publish/notifier.h"

#include "base/log.h"
#include "dns/serial.h"
#include "dns/writer.h"

namespace khien::publish {
namespace {

Octets notify_message(std::uint16_t id, const ZoneFacts& zone, std::uint32_t serial) {
  std::array<std::uint8_t, reply_size_max> buffer;
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(id, dns::opcode_flags(dns::opcode_notify) | dns::flag_aa);
  // The new SOA is a hint that saves the secondary a query (RFC 1996 section 3.7).
  const bool fits = writer.add_question(zone.name, dns::type_soa, dns::class_in) &&
                    writer.add_record(dns::Section::answer, zone.name,
                                      {.type = dns::type_soa, .ttl = record_ttl_s},
                                      dns::make_soa(soa_of(zone, serial)));
  KHIEN_ASSERT(fits);
  return to_octets(writer.message());
}

}  // namespace

void Notifier::set_access(std::shared_ptr<const Access> access) {
  access_ = std::move(access);
  while (!outstanding_.empty()) forget(outstanding_.begin()->first);
}

void Notifier::zone_changed(const ZoneFacts& zone) {
  if (batched_.contains(&zone)) return;
  const std::int64_t now_ms = parts_.clock.steady_ms();
  const auto told = told_at_ms_.find(&zone);
  const std::int64_t wait_ms =
      told == told_at_ms_.end() ? 0 : told->second + notify_batch_ms - now_ms;
  if (wait_ms <= 0) {
    tell_all(zone);
    return;
  }
  const auto timer = parts_.loop.after(wait_ms, [this, &zone] {
    batched_.erase(&zone);
    tell_all(zone);
  });
  if (timer) {
    batched_[&zone] = *timer;
  } else {
    tell_all(zone);  // no timer to be had: better too often than not at all
  }
}

void Notifier::tell_all(const ZoneFacts& zone) {
  told_at_ms_[&zone] = parts_.clock.steady_ms();
  if (!access_) return;
  for (const AccessRule& rule : access_->rules) {
    if (!covers(rule, zone)) continue;
    for (const net::SocketAddress& target : rule.notify) {
      const Key key{.rule = &rule, .target = target, .zone = &zone};
      forget(key);  // one that is under way speaks of an older serial
      outstanding_[key] = {.id = static_cast<std::uint16_t>(parts_.rng.below(65'536)),
                           .attempts = 0,
                           .serial = parts_.zones.serial(zone).value_or(0)};
      tell(key);
    }
  }
}

void Notifier::tell(const Key& key) {
  Outstanding& outstanding = outstanding_.at(key);
  if (outstanding.attempts == notify_attempts_max) {
    give_up(key);
    return;
  }
  Octets message =
      notify_message(outstanding.id, *key.zone, parts_.zones.serial(*key.zone).value_or(0));
  if (key.rule->key) {
    const dns::TsigKey* secret = access_->find_key(*key.rule->key);
    const auto mac = secret == nullptr ? dns::Wire<Octets>{tl::unexpected(dns::WireError::bad_tsig)}
                                       : dns::sign_request(message, *secret,
                                                           parts_.clock.now_ms() / ms_per_second);
    if (!mac) {
      outstanding_.erase(key);
      return;
    }
  }
  // A datagram that cannot be sent now is one that was lost: the retry sees to it.
  static_cast<void>(parts_.socket.send_to(message, key.target));
  parts_.counters.notify_sent.add();
  const std::int64_t retry_ms = notify_first_retry_ms << outstanding.attempts;
  ++outstanding.attempts;
  const auto timer = parts_.loop.after(retry_ms, [this, key] {
    if (outstanding_.contains(key)) tell(key);
  });
  if (timer) {
    outstanding.timer = *timer;
  } else {
    outstanding_.erase(key);
  }
}

void Notifier::give_up(const Key& key) {
  parts_.counters.notify_given_up.add();
  parts_.progress.notify_given_up(key.rule->name, *key.zone);
  // Whoever answers all along does not follow this zone, or asks from elsewhere: that is no fault.
  const bool answered = outstanding_.at(key).answered;
  write_log(answered ? LogLevel::info : LogLevel::warning,
            answered ? "notify_not_followed" : "notify_unanswered",
            {{"zone", key.zone->id}, {"follower", key.rule->name}});
  outstanding_.erase(key);
}

void Notifier::forget(const Key& key) {
  const auto known = outstanding_.find(key);
  if (known == outstanding_.end()) return;
  parts_.loop.cancel(known->second.timer);
  outstanding_.erase(known);
}

bool Notifier::is_from(const Key& key, const SerialSeen& seen) {
  if (key.zone != seen.zone) return false;
  const Requester requester{.address = seen.peer, .key = seen.key ? &*seen.key : nullptr};
  if (!speaks_for(*key.rule, requester)) return false;
  return key.rule->notify.size() == 1 || key.target.ip.unmapped() == seen.peer;
}

void Notifier::serial_seen(const SerialSeen& seen) {
  for (auto at = outstanding_.begin(); at != outstanding_.end();) {
    const bool is_confirmed =
        is_from(at->first, seen) && !dns::serial_before(seen.serial, at->second.serial);
    if (!is_confirmed) {
      ++at;
      continue;
    }
    parts_.counters.notify_confirmed.add();
    parts_.loop.cancel(at->second.timer);
    at = outstanding_.erase(at);
  }
}

bool Notifier::take_response(Bytes message, const net::SocketAddress& peer) {
  const auto header = dns::parse_header(message);
  if (!header || !header->is_response() || header->opcode() != dns::opcode_notify) return false;
  for (auto& [key, outstanding] : outstanding_) {
    if (outstanding.id != header->id || key.target != peer || outstanding.answered) continue;
    // Only counted, so its signature is not asked for.
    outstanding.answered = true;
    parts_.counters.notify_acknowledged.add();
    parts_.progress.notify_acknowledged(key.rule->name, *key.zone);
  }
  return true;
}

}  // namespace khien::publish
