#include "resolver/secondary.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/log.h"
#include "dns/writer.h"
#include "resolver/transfer_exchange.h"
#include "resolver/transfer_key.h"
#include "resolver/zone_transfer.h"

namespace khien::resolver {
namespace {

constexpr std::int64_t idle_wait_ms = 1'000;  // how often expiry is looked at

}  // namespace

Secondary::Secondary(SecondaryOptions options, RuleStore& store, std::atomic<bool>& ready,
                     const Clock& clock, Rng& rng, Metrics& metrics)
    : options_(std::move(options)),
      store_(&store),
      ready_(ready),
      clock_(clock),
      rng_(rng),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      transfers_whole_(metrics.counter("khien_dnsd_transfers_total", "Zone transfers by outcome",
                                       "outcome=\"whole\"")),
      transfers_changes_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"changes\"")),
      transfers_current_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"current\"")),
      transfers_failed_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"failed\"")),
      notifies_refused_(metrics.counter("khien_dnsd_notifies_refused_total",
                                        "NOTIFY from strangers or for unknown zones")),
      saves_failed_(metrics.counter("khien_dnsd_snapshot_failures_total",
                                    "Snapshots that could not be written")),
      zones_loaded_(metrics.gauge("khien_dnsd_zones_loaded", "Zones whose rules are in force")),
      rules_(metrics.gauge("khien_dnsd_rules", "Names in the rule set, without its delta")) {
  for (const auto& subscription : options_.zones) {
    const ZonePrimary khiend{.address = options_.primary,
                             .others = options_.other_primaries,
                             .key = options_.key,
                             .key_file = options_.key_file};
    zones_.push_back({.subscription = subscription,
                      .name = subscription.name.to_text(),
                      .link = make_link(subscription.primary.value_or(khiend))});
  }
  status_.lock()->resize(zones_.size());
  update_ready();
}

// Zones of one primary share its connection.
std::size_t Secondary::make_link(const ZonePrimary& primary) {
  const auto peer_of = [](const ZonePrimary& p) {
    return p.tls ? std::pair{p.tls->peer.name, p.tls->peer.pins}
                 : std::pair{std::string{}, std::vector<crypto::Sha256Digest>{}};
  };
  for (std::size_t i = 0; i < links_.size(); ++i) {
    const ZonePrimary& known = links_[i]->primary;
    const bool has_key = *links_[i]->key.lock() == primary.key;
    if (known.address == primary.address && known.others == primary.others && has_key &&
        known.key_file == primary.key_file && peer_of(known) == peer_of(primary)) {
      return i;
    }
  }
  links_.push_back(std::make_unique<Link>(primary, stop_event_.get()));
  return links_.size() - 1;
}

void Secondary::update_ready() {
  std::vector<std::optional<std::uint32_t>> serials;
  {
    auto store = store_.lock();
    for (const Zone& zone : zones_) {
      const policy::ZoneState* state = (*store)->zone(zone.name);
      serials.push_back(state == nullptr ? std::nullopt : std::optional{state->serial});
    }
    rules_.set(static_cast<std::int64_t>((*store)->rules().base->name_count()));
  }
  auto status = status_.lock();
  std::size_t loaded = 0;
  bool all_attempted = true;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    (*status)[i].name = zones_[i].name;
    (*status)[i].loaded = serials[i].has_value();
    (*status)[i].serial = serials[i].value_or(0);
    loaded += serials[i] ? 1U : 0U;
    all_attempted = all_attempted && ((*status)[i].attempted || serials[i]);
  }
  zones_loaded_.set(static_cast<std::int64_t>(loaded));
  // One zone that the primary does not give us must not keep everybody from resolving; no zone at
  // all is no filter.
  if (loaded != 0 && all_attempted && !ready_.exchange(true)) {
    KHIEN_LOG(info, "rules_ready", {"zones", loaded});
  }
}

std::vector<Secondary::ZoneStatus> Secondary::status() { return *status_.lock(); }

bool Secondary::signed_by(Link& link, Bytes message) const {
  auto key = link.key.lock();
  if (!key->has_value()) return false;
  const auto check =
      dns::check_request(message, std::span{&**key, 1}, clock_.now_ms() / ms_per_second);
  return check.status == dns::TsigStatus::ok;
}

bool Secondary::has_key_files() const noexcept {
  return std::ranges::any_of(links_,
                             [](const auto& link) { return !link->primary.key_file.empty(); });
}

Result<bool> Secondary::reload_keys() {
  std::vector<std::pair<Link*, dns::TsigKey>> keys;
  for (const auto& link : links_) {
    if (link->primary.key_file.empty()) continue;
    auto key = read_key(link->primary.key_file);
    if (!key) return tl::unexpected(std::move(key).error());
    if (*link->key.lock() != *key) keys.emplace_back(link.get(), std::move(*key));
  }
  if (keys.empty()) return false;
  for (auto& [link, key] : keys) *link->key.lock() = std::move(key);
  {
    auto inbox = inbox_.lock();
    inbox->notified.resize(zones_.size());
    std::iota(inbox->notified.begin(), inbox->notified.end(), std::size_t{0});
  }
  inbox_.notify_all();
  return true;
}

std::size_t Secondary::notified(Bytes message, const net::IpAddress& from,
                                std::span<std::uint8_t> out) {
  const auto header = dns::parse_header(message);
  const auto question = dns::parse_question(message);
  if (!header || !question) return 0;
  std::optional<std::size_t> index;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    if (zones_[i].subscription.name.view() == question->name()) index = i;
  }
  const auto address_of = [&](const Link& link) {
    return std::ranges::find(link.addresses, from,
                             [](const auto& address) { return address.ip.unmapped(); });
  };
  const auto is_from = [&](Link& link) {
    return address_of(link) != link.addresses.end() || signed_by(link, message);
  };
  const bool trusted = index && is_from(link_of(zones_[*index]));
  std::uint16_t rcode = dns::rcode_noerror;
  if (!trusted) {
    notifies_refused_.add();
    const bool is_known =
        !index && std::ranges::any_of(links_, [&](auto& link) { return is_from(*link); });
    rcode = is_known ? dns::rcode_notauth : dns::rcode_refused;
  } else {
    Link& link = link_of(zones_[*index]);
    if (const auto at = address_of(link); at != link.addresses.end()) {
      link.told_by = static_cast<std::size_t>(at - link.addresses.begin());
    }
    {
      auto inbox = inbox_.lock();
      if (std::ranges::find(inbox->notified, *index) == inbox->notified.end()) {
        inbox->notified.push_back(*index);
      }
    }
    inbox_.notify_all();
  }
  dns::MessageWriter writer{out, out.size()};
  writer.begin(header->id,
               static_cast<std::uint16_t>(dns::flag_qr | dns::flag_aa |
                                          dns::opcode_flags(dns::opcode_notify) | rcode));
  if (!writer.add_question(question->name(), question->qtype, question->qclass)) return 0;
  return writer.size();
}

std::optional<std::uint32_t> Secondary::serial_of(const Zone& zone) {
  auto store = store_.lock();
  const policy::ZoneState* state = (*store)->zone(zone.name);
  return state == nullptr ? std::nullopt : std::optional{state->serial};
}

Result<void> Secondary::receive(Zone& zone, bool whole, ZoneTransfer& transfer) {
  Link& link = link_of(zone);
  const std::optional<dns::TsigKey> key = *link.key.lock();  // one for the whole transfer
  return exchange_transfer(
      link.connection,
      {.zone = zone.subscription.name,
       .serial = whole ? std::nullopt : serial_of(zone),
       .key = key},
      [&](Bytes message) -> Result<bool> {
        if (auto fed = transfer.feed(message); !fed) return tl::unexpected(std::move(fed).error());
        return transfer.done();
      },
      clock_, rng_);
}

Result<void> Secondary::apply(const Zone& zone, const ZoneTransfer& transfer) {
  const dns::Soa& soa = transfer.soa();
  const policy::ZoneState state{.name = zone.name,
                                .source = zone.subscription.source,
                                .serial = soa.serial,
                                .refresh_s = soa.refresh_s,
                                .retry_s = soa.retry_s,
                                .expire_s = soa.expire_s,
                                .confirmed_at_ms = clock_.now_ms()};
  auto store = store_.lock();
  (*store)->count_skipped(transfer.skipped());
  switch (transfer.outcome()) {
    case ZoneTransfer::Outcome::current:
      transfers_current_.add();
      (*store)->confirm_zone(zone.name, clock_.now_ms());
      return {};
    case ZoneTransfer::Outcome::whole: {
      auto done = (*store)->replace_zone(state, transfer.edits());
      if (done) transfers_whole_.add();
      return done;
    }
    case ZoneTransfer::Outcome::changes: {
      auto done = (*store)->change_zone(state, transfer.edits());
      if (done) transfers_changes_.add();
      return done;
    }
  }
  return fail(ErrorCode::internal, "unknown outcome of a transfer");
}

Result<void> Secondary::transfer(Zone& zone, bool whole) {
  ZoneTransfer transfer{zone.subscription.name, zone.subscription.source,
                        whole ? std::nullopt : serial_of(zone), (*store_.lock())->spool()};
  if (auto received = receive(zone, whole, transfer); !received) {
    link_of(zone).connection.close();  // whatever else is on its way belongs to this transfer
    return received;
  }
  auto applied = apply(zone, transfer);
  if (!applied) return applied;
  if (transfer.outcome() != ZoneTransfer::Outcome::current) {
    changed_at_ms_ = clock_.steady_ms();
    KHIEN_LOG(info, "zone_transferred", {"zone", zone.name}, {"serial", transfer.soa().serial},
              {"records", transfer.edits().size()},
              {"skipped", std::accumulate(transfer.skipped().begin(), transfer.skipped().end(),
                                          std::size_t{0})},
              {"whole", transfer.outcome() == ZoneTransfer::Outcome::whole ? 1 : 0});
  }
  return {};
}

Result<void> Secondary::connect(Link& link) {
  const TransferTls* tls = link.primary.tls ? &*link.primary.tls : nullptr;
  const int timeout_ms = link.addresses.size() > 1 ? other_connect_ms : transfer_timeout_ms;
  return link.connection.connect(link.addresses[link.asked], tls, timeout_ms);
}

void Secondary::refresh(Zone& zone) {
  Link& link = link_of(zone);
  zone.refreshed_at_ms = clock_.steady_ms();
  const bool was_notified = std::exchange(zone.was_notified, false);
  const std::size_t count = link.addresses.size();
  const std::size_t first = link.told_by;
  Result<void> result{};
  bool any = false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t address = (first + i) % count;
    const bool is_last = i + 1 == count;
    // While another one answers, a silent one holds up nothing.
    const bool is_silent = link.silent_until_ms[address] > clock_.steady_ms();
    if (is_silent && (any || (!is_last && !(was_notified && i == 0)))) continue;
    result = ask(zone, address);
    link.silent_until_ms[address] = result || count == 1 ? 0 : clock_.steady_ms() + silent_pause_ms;
    if (result) {
      any = true;
      link.told_by = address;
    }
    // Who told of a change has it. Nobody told of a refresh: the other one may know more.
    if (result && was_notified) break;
  }
  schedule(zone, any ? Result<void>{} : result);
}

Result<void> Secondary::ask(Zone& zone, std::size_t address) {
  Link& link = link_of(zone);
  if (link.asked != address) link.connection.close();
  link.asked = address;
  const bool reused = link.connection.is_open();
  Result<void> result{};
  if (!reused) result = connect(link);
  if (result) result = transfer(zone, false);
  // An idle connection may have been closed by the other side: that is no failure yet.
  if (!result && reused && result.error().code == ErrorCode::unavailable) {
    result = connect(link);
    if (result) result = transfer(zone, false);
  }
  // Changes that do not fit (or cannot be read) are got over by the whole zone.
  if (!result && serial_of(zone) &&
      (result.error().code == ErrorCode::conflict || result.error().code == ErrorCode::malformed)) {
    KHIEN_LOG(warning, "ixfr_refused", {"zone", zone.name}, {"why", result.error().message});
    transfers_failed_.add();
    result = link.connection.is_open() ? Result<void>{} : connect(link);
    if (result) result = transfer(zone, true);
  }
  return result;
}

void Secondary::schedule(Zone& zone, const Result<void>& result) {
  const bool was_asked_for =
      result.has_value() || is_third_party(zone.subscription.source) ||
      (result.error().code != ErrorCode::unavailable && result.error().code != ErrorCode::timeout);
  std::int64_t wait_ms = 0;
  if (result) {
    zone.failures = 0;
    auto store = store_.lock();
    const policy::ZoneState* state = (*store)->zone(zone.name);
    wait_ms = std::max<std::int64_t>(state == nullptr ? 60 : state->refresh_s, 1) * ms_per_second;
  } else {
    transfers_failed_.add();
    wait_ms = std::min(retry_first_ms << std::min(zone.failures, 10), retry_max_ms);
    // Each time would flood the log while the primary is away.
    if (zone.failures == 0) {
      KHIEN_LOG(warning, "zone_refresh_failed", {"zone", zone.name},
                {"why", result.error().message});
    }
    ++zone.failures;
  }
  // Up to a tenth earlier, so that many secondaries do not come at once.
  wait_ms -= static_cast<std::int64_t>(
      rng_.below(static_cast<std::uint64_t>(std::max<std::int64_t>(wait_ms / 10, 1))));
  zone.due_ms = clock_.steady_ms() + wait_ms;
  const auto index = static_cast<std::size_t>(&zone - zones_.data());
  {
    auto status = status_.lock();
    (*status)[index].error = result ? std::string{} : result.error().message;
    (*status)[index].attempted = (*status)[index].attempted || was_asked_for;
  }
  update_ready();
}

void Secondary::check_expiry() {
  auto store = store_.lock();
  if (!(*store)->check_expiry(clock_.now_ms())) return;
  const policy::SourceMask expired = (*store)->rules().expired;
  KHIEN_LOG(warning, "zones_expired",
            {"emergency", (expired & mask_of(policy::source_emergency)) != 0 ? 1 : 0},
            {"third_parties", std::popcount(expired & ~policy::every_source)});
}

void Secondary::save_when_quiet() {
  auto store = store_.lock();
  // Rules of some zones only must not be what the next start takes for all.
  if (!(*store)->dirty() || !ready_) return;
  const std::int64_t now_ms = clock_.steady_ms();
  const bool wanted = (*store)->save_is_due() || now_ms - changed_at_ms_ >= save_quiet_ms;
  if (!wanted || now_ms < save_after_ms_) return;
  // A block or lift must not wait for a snapshot, unless the journal cannot take more of them.
  const bool is_pressing = (*store)->save_is_pressing();
  const auto saved =
      (*store)->save_unless([&] { return !is_pressing && !inbox_.lock()->notified.empty(); });
  // At most a tenth of the time goes into writing, however large the file is.
  save_after_ms_ = clock_.steady_ms() + 10 * (clock_.steady_ms() - now_ms);
  if (saved) return;
  saves_failed_.add();
  save_after_ms_ += retry_max_ms;
  KHIEN_LOG(error, "snapshot_not_saved", {"why", saved.error().message});
}

void Secondary::save_at_end() {
  auto store = store_.lock();
  if (!(*store)->dirty() || !ready_) return;
  if (auto saved = (*store)->save(); !saved) {
    KHIEN_LOG(error, "snapshot_not_saved", {"why", saved.error().message});
  }
}

std::int64_t Secondary::next_due_ms(std::size_t link) const {
  std::int64_t due_ms = clock_.steady_ms() + idle_wait_ms;
  for (const Zone& zone : zones_) {
    if (zone.link == link) due_ms = std::min(due_ms, zone.due_ms);
  }
  return due_ms;
}

/// Sleeps until a zone of `link` is due or was notified; the latter are returned.
std::vector<std::size_t> Secondary::wait_for_work(std::size_t link, const std::stop_token& stop) {
  const auto is_ours = [&](std::size_t index) { return zones_[index].link == link; };
  std::vector<std::size_t> ours;
  const std::int64_t wait_ms = std::max<std::int64_t>(next_due_ms(link) - clock_.steady_ms(), 0);
  auto inbox = inbox_.lock();
  (void)inbox.wait_for(std::chrono::milliseconds{wait_ms}, [&](const Inbox& state) {
    return std::ranges::any_of(state.notified, is_ours) || stop.stop_requested();
  });
  std::ranges::copy_if(inbox->notified, std::back_inserter(ours), is_ours);
  std::erase_if(inbox->notified, is_ours);
  return ours;
}

void Secondary::run(std::size_t primary, const std::stop_token& stop) {
  (void)::prctl(PR_SET_NAME, "secondary");
  const std::stop_callback wake{stop, [this] {
                                  const std::uint64_t one = 1;
                                  (void)!::write(stop_event_.get(), &one, sizeof one);
                                  inbox_.notify_all();
                                }};
  const bool keeps_snapshot = primary == 0;
  while (!stop.stop_requested()) {
    for (const std::size_t index : wait_for_work(primary, stop)) {
      Zone& zone = zones_[index];
      zone.due_ms = std::max(zone.refreshed_at_ms + refresh_min_ms, std::int64_t{0});
      zone.was_notified = true;
    }
    for (Zone& zone : zones_) {
      if (stop.stop_requested()) break;
      if (zone.link == primary && zone.due_ms <= clock_.steady_ms()) refresh(zone);
    }
    check_expiry();
    if (!keeps_snapshot) continue;
    save_when_quiet();
    (*store_.lock())->free_old();
  }
  links_[primary]->connection.close();
  save_at_end();
}

}  // namespace khien::resolver
