#include "resolver/secondary.h"

#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "dns/writer.h"
#include "resolver/zone_transfer.h"

namespace khien::resolver {
namespace {

constexpr std::size_t request_size_max = 1'024;
constexpr std::int64_t idle_wait_ms = 1'000;  // how often expiry is looked at

Octets make_request(const dns::Name& zone, std::optional<std::uint32_t> serial, std::uint16_t id) {
  Octets buffer(request_size_max);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(id, 0);
  bool good = writer.add_question(zone, serial ? dns::type_ixfr : dns::type_axfr, dns::class_in);
  if (serial) {
    // RFC 1995 section 3: our SOA in the authority section; only its serial counts.
    const Octets soa = dns::make_soa({.primary = {}, .mailbox = {}, .serial = *serial});
    good = good && writer.add_record(dns::Section::authority, zone, {.type = dns::type_soa}, soa);
  }
  KHIEN_ASSERT(good);  // two names and a SOA always fit
  buffer.resize(writer.size());
  return buffer;
}

}  // namespace

Secondary::Secondary(SecondaryOptions options, RuleStore& store, std::atomic<bool>& ready,
                     const Clock& clock, Rng& rng, Metrics& metrics)
    : options_(std::move(options)),
      store_(store),
      ready_(ready),
      clock_(clock),
      rng_(rng),
      stop_event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      connection_(stop_event_.get()),
      transfers_whole_(metrics.counter("khien_dnsd_transfers_total", "Zone transfers by outcome",
                                       "outcome=\"whole\"")),
      transfers_changes_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"changes\"")),
      transfers_current_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"current\"")),
      transfers_failed_(metrics.counter("khien_dnsd_transfers_total", "", "outcome=\"failed\"")),
      notifies_refused_(metrics.counter("khien_dnsd_notifies_refused_total",
                                        "NOTIFY from strangers or for unknown zones")),
      records_skipped_(metrics.counter("khien_dnsd_records_skipped_total",
                                       "Records of zones that no rule can be made of")),
      saves_failed_(metrics.counter("khien_dnsd_snapshot_failures_total",
                                    "Snapshots that could not be written")),
      zones_loaded_(metrics.gauge("khien_dnsd_zones_loaded", "Zones whose rules are in force")),
      rules_(metrics.gauge("khien_dnsd_rules", "Names in the rule set, without its delta")) {
  for (const auto& subscription : options_.zones) {
    zones_.push_back({.subscription = subscription, .name = subscription.name.to_text()});
  }
  update_ready();
}

void Secondary::update_ready() {
  auto status = status_.lock();
  status->resize(zones_.size());
  std::size_t loaded = 0;
  bool all_attempted = true;
  for (std::size_t i = 0; i < zones_.size(); ++i) {
    const policy::ZoneState* state = store_.zone(zones_[i].name);
    (*status)[i].name = zones_[i].name;
    (*status)[i].loaded = state != nullptr;
    (*status)[i].serial = state == nullptr ? 0 : state->serial;
    loaded += state == nullptr ? 0 : 1;
    all_attempted = all_attempted && (zones_[i].attempted || state != nullptr);
  }
  zones_loaded_.set(static_cast<std::int64_t>(loaded));
  rules_.set(static_cast<std::int64_t>(store_.rules().base->name_count()));
  // One zone that the primary does not give us must not keep everybody from resolving; no zone at
  // all is no filter.
  if (loaded != 0 && all_attempted && !ready_.exchange(true)) {
    KHIEN_LOG(info, "rules_ready", {"zones", loaded});
  }
}

std::vector<Secondary::ZoneStatus> Secondary::status() { return *status_.lock(); }

bool Secondary::signed_by_key(Bytes message) const {
  if (!options_.key) return false;
  const auto check =
      dns::check_request(message, std::span{&*options_.key, 1}, clock_.now_ms() / ms_per_second);
  return check.status == dns::TsigStatus::ok;
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
  const bool trusted = from == options_.primary.ip.unmapped() || signed_by_key(message);
  std::uint16_t rcode = dns::rcode_noerror;
  if (!trusted || !index) {
    notifies_refused_.add();
    rcode = trusted ? dns::rcode_notauth : dns::rcode_refused;
  } else {
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

Result<void> Secondary::receive(Zone& zone, bool whole, ZoneTransfer& transfer) {
  const policy::ZoneState* state = whole ? nullptr : store_.zone(zone.name);
  const auto id = static_cast<std::uint16_t>(rng_.below(65'536));
  Octets request = make_request(zone.subscription.name,
                                state == nullptr ? std::nullopt : std::optional{state->serial}, id);
  std::optional<dns::TsigVerifier> verifier;
  if (options_.key) {
    auto mac = dns::sign_request(request, *options_.key, clock_.now_ms() / ms_per_second);
    if (!mac) return fail(ErrorCode::internal, "cannot sign a transfer request");
    verifier.emplace(*options_.key, std::move(*mac));
  }
  if (auto sent = connection_.send(request, transfer_timeout_ms); !sent) return sent;
  while (!transfer.done() || (verifier && !verifier->complete())) {
    auto message = connection_.receive(transfer_timeout_ms);
    if (!message) return tl::unexpected(std::move(message).error());
    if (message->size() < dns::header_size || dns::load_u16(*message, 0) != id) {
      return fail(ErrorCode::malformed, "zone transfer: an answer to another question");
    }
    if (verifier) {
      const auto status = verifier->check(*message, clock_.now_ms() / ms_per_second);
      if (status != dns::TsigStatus::ok) {
        return fail(ErrorCode::denied, "zone transfer: TSIG " + std::string{to_string(status)},
                    "bad_tsig");
      }
    }
    if (auto fed = transfer.feed(*message); !fed) return fed;
  }
  return {};
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
  switch (transfer.outcome()) {
    case ZoneTransfer::Outcome::current:
      transfers_current_.add();
      store_.confirm_zone(zone.name, clock_.now_ms());
      return {};
    case ZoneTransfer::Outcome::whole: {
      auto done = store_.replace_zone(state, transfer.edits());
      if (done) transfers_whole_.add();
      return done;
    }
    case ZoneTransfer::Outcome::changes: {
      auto done = store_.change_zone(state, transfer.edits());
      if (done) transfers_changes_.add();
      return done;
    }
  }
  return fail(ErrorCode::internal, "unknown outcome of a transfer");
}

Result<void> Secondary::transfer(Zone& zone, bool whole) {
  const policy::ZoneState* state = whole ? nullptr : store_.zone(zone.name);
  ZoneTransfer transfer{zone.subscription.name, zone.subscription.source,
                        state == nullptr ? std::nullopt : std::optional{state->serial},
                        store_.spool()};
  if (auto received = receive(zone, whole, transfer); !received) {
    connection_.close();  // whatever else is on its way belongs to this transfer
    return received;
  }
  auto applied = apply(zone, transfer);
  if (!applied) return applied;
  records_skipped_.add(static_cast<std::int64_t>(transfer.skipped()));
  if (transfer.outcome() != ZoneTransfer::Outcome::current) {
    changed_at_ms_ = clock_.steady_ms();
    KHIEN_LOG(info, "zone_transferred", {"zone", zone.name}, {"serial", transfer.soa().serial},
              {"records", transfer.edits().size()}, {"skipped", transfer.skipped()},
              {"whole", transfer.outcome() == ZoneTransfer::Outcome::whole ? 1 : 0});
  }
  return {};
}

void Secondary::refresh(Zone& zone) {
  zone.refreshed_at_ms = clock_.steady_ms();
  const bool reused = connection_.is_open();
  Result<void> result{};
  if (!reused) result = connection_.connect(options_.primary, transfer_timeout_ms);
  if (result) result = transfer(zone, false);
  // An idle connection may have been closed by the other side: that is no failure yet.
  if (!result && reused && result.error().code == ErrorCode::unavailable) {
    result = connection_.connect(options_.primary, transfer_timeout_ms);
    if (result) result = transfer(zone, false);
  }
  // Changes that do not fit (or cannot be read) are got over by the whole zone.
  if (!result && store_.zone(zone.name) != nullptr &&
      (result.error().code == ErrorCode::conflict || result.error().code == ErrorCode::malformed)) {
    KHIEN_LOG(warning, "ixfr_refused", {"zone", zone.name}, {"why", result.error().message});
    transfers_failed_.add();
    result = connection_.is_open() ? Result<void>{}
                                   : connection_.connect(options_.primary, transfer_timeout_ms);
    if (result) result = transfer(zone, true);
  }
  schedule(zone, result);
}

void Secondary::schedule(Zone& zone, const Result<void>& result) {
  zone.attempted =
      zone.attempted || result.has_value() ||
      (result.error().code != ErrorCode::unavailable && result.error().code != ErrorCode::timeout);
  std::int64_t wait_ms = 0;
  if (result) {
    zone.failures = 0;
    const policy::ZoneState* state = store_.zone(zone.name);
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
  (*status_.lock())[index].error = result ? std::string{} : result.error().message;
  update_ready();
}

void Secondary::check_expiry() {
  if (!store_.check_expiry(clock_.now_ms())) return;
  KHIEN_LOG(warning, "emergency_zone", {"expired", store_.rules().expired != 0 ? 1 : 0});
}

void Secondary::save_when_quiet() {
  // Rules of some zones only must not be what the next start takes for all.
  if (!store_.dirty() || !ready_) return;
  const std::int64_t now_ms = clock_.steady_ms();
  const bool wanted = store_.save_is_due() || now_ms - changed_at_ms_ >= save_quiet_ms;
  if (!wanted || now_ms < save_after_ms_) return;
  // A block or lift must not wait for a snapshot, unless the journal cannot take more of them.
  const bool is_due = store_.save_is_due();
  const auto saved =
      store_.save_unless([&] { return !is_due && !inbox_.lock()->notified.empty(); });
  // At most a tenth of the time goes into writing, however large the file is.
  save_after_ms_ = clock_.steady_ms() + 10 * (clock_.steady_ms() - now_ms);
  if (saved) return;
  saves_failed_.add();
  save_after_ms_ += retry_max_ms;
  KHIEN_LOG(error, "snapshot_not_saved", {"why", saved.error().message});
}

std::int64_t Secondary::next_due_ms() const {
  std::int64_t due_ms = clock_.steady_ms() + idle_wait_ms;
  for (const Zone& zone : zones_) due_ms = std::min(due_ms, zone.due_ms);
  return due_ms;
}

void Secondary::run(const std::stop_token& stop) {
  (void)::prctl(PR_SET_NAME, "secondary");
  const std::stop_callback wake{stop, [this] {
                                  const std::uint64_t one = 1;
                                  (void)!::write(stop_event_.get(), &one, sizeof one);
                                  inbox_.notify_all();
                                }};
  while (!stop.stop_requested()) {
    std::vector<std::size_t> notified;
    {
      auto inbox = inbox_.lock();
      const std::int64_t wait_ms = std::max<std::int64_t>(next_due_ms() - clock_.steady_ms(), 0);
      (void)inbox.wait_for(std::chrono::milliseconds{wait_ms}, [&](const Inbox& state) {
        return !state.notified.empty() || stop.stop_requested();
      });
      std::swap(notified, inbox->notified);
    }
    for (const std::size_t index : notified) {
      Zone& zone = zones_[index];
      zone.due_ms = std::max(zone.refreshed_at_ms + refresh_min_ms, std::int64_t{0});
    }
    for (Zone& zone : zones_) {
      if (stop.stop_requested()) break;
      if (zone.due_ms <= clock_.steady_ms()) refresh(zone);
    }
    check_expiry();
    save_when_quiet();
    store_.free_old();
  }
  connection_.close();
  if (!store_.dirty() || !ready_) return;
  if (auto saved = store_.save(); !saved) {
    KHIEN_LOG(error, "snapshot_not_saved", {"why", saved.error().message});
  }
}

}  // namespace khien::resolver
