#include "publish/transfer.h"

#include <unordered_map>

#include "dns/rpz.h"
#include "dns/writer.h"
#include "publish/catalog.h"

namespace khien::publish {
namespace {

/// Fills messages with records and sends each full one.
class RecordStream {
 public:
  RecordStream(const Clock& clock, const TransferOrder& order, const MessageSink& sink)
      : clock_(clock),
        order_(order),
        sink_(sink),
        buffer_(transfer_message_size),
        writer_(buffer_, buffer_.size()),
        target_(dns::rpz_action_target(order.zone->action)) {
    if (order.key) signer_.emplace(*order.key, order.request_mac);
    begin();
  }

  /// False if the peer is gone.
  bool add(dns::NameView owner, const dns::RecordHead& head, Bytes rdata) {
    if (!writer_.add_record(dns::Section::answer, owner, head, rdata)) {
      if (!flush()) return false;
      // One record always fits into an empty message.
      const bool fits = writer_.add_record(dns::Section::answer, owner, head, rdata);
      KHIEN_ASSERT(fits);
    }
    ++outcome.record_count;
    return true;
  }

  bool add_soa(std::uint32_t serial) {
    return add(order_.zone->name, {.type = dns::type_soa, .ttl = record_ttl_s},
               dns::make_soa(soa_of(*order_.zone, serial)));
  }

  bool add_ns() {
    return add(order_.zone->name, {.type = dns::type_ns, .ttl = record_ttl_s},
               soa_of(*order_.zone, 0).primary.wire());
  }

  /// The RPZ record that triggers on `name`, or on all below it.
  bool add_rule(dns::NameView name, bool below) {
    const auto owner = dns::make_rpz_owner(name, below, order_.zone->name);
    KHIEN_ASSERT(owner.has_value());  // ZoneSet took only names that fit
    return add(*owner, {.type = dns::type_cname, .ttl = record_ttl_s}, target_.wire());
  }

  /// True if both records of a name fit into the message at hand.
  [[nodiscard]] bool has_room_for(dns::NameView name) const noexcept {
    constexpr std::size_t fixed_size = 10 + 16;  // head and the longest RPZ target
    return 2 * (name.size() + order_.zone->name.size() + fixed_size) <= writer_.size_free();
  }

  bool flush() {
    if (writer_.count(dns::Section::answer) == 0) return true;
    Octets message = to_octets(writer_.message());
    if (signer_ && !signer_->sign(message, clock_.now_ms() / ms_per_second)) return false;
    ++outcome.message_count;
    begin();
    return sink_(message);
  }

  TransferOutcome outcome;

 private:
  void begin() {
    writer_.begin(order_.id, dns::flag_qr | dns::flag_aa);
    if (outcome.message_count == 0) {
      const bool fits = writer_.add_question(order_.zone->name, order_.qtype, dns::class_in);
      KHIEN_ASSERT(fits);
    }
  }

  const Clock& clock_;
  const TransferOrder& order_;
  const MessageSink& sink_;
  std::optional<dns::TsigSigner> signer_;  // its room is beyond transfer_message_size
  Octets buffer_;
  dns::MessageWriter writer_;
  dns::Name target_;
};

bool send_zone(ZoneSet& zones, RecordStream& stream, const ZoneFacts& zone) {
  const auto reader = zones.read_zone(zone);
  stream.outcome.serial = reader->serial();
  if (!stream.add_soa(reader->serial()) || !stream.add_ns()) return false;
  bool more = true;
  while (more) {
    bool is_full = false;
    // Runs under the zones' lock, so it only fills the message; sending is done out here.
    more = reader->next([&](const ZoneTable::Item& item) {
      is_full = !stream.has_room_for(item.name);
      if (is_full) return false;
      const bool fits = (!item.shown.name || stream.add_rule(item.name, false)) &&
                        (!item.shown.below || stream.add_rule(item.name, true));
      KHIEN_ASSERT(fits);
      return true;
    });
    if (is_full && !stream.flush()) return false;
  }
  return stream.add_soa(stream.outcome.serial) && stream.flush();
}

/// A catalog is small and rarely changes: it is always sent whole, for IXFR too (RFC 1995 section
/// 4).
bool send_catalog(RecordStream& stream, const TransferOrder& order) {
  stream.outcome.serial = order.catalog_serial;
  if (!stream.add_soa(order.catalog_serial)) return false;
  for (const CatalogRecord& record : catalog_records(order.members)) {
    if (!stream.add(record.owner, {.type = record.type, .ttl = record_ttl_s}, record.rdata)) {
      return false;
    }
  }
  return stream.add_soa(order.catalog_serial) && stream.flush();
}

struct RuleKey {
  dns::Name name;
  bool below = false;
  friend bool operator==(const RuleKey&, const RuleKey&) = default;
};
struct RuleKeyHash {
  std::size_t operator()(const RuleKey& key) const noexcept {
    return dns::hash_value(key.name) * 2 + (key.below ? 1 : 0);
  }
};

/// Steps folded into one: what came and went again in between is left out (RFC 1995 section 5).
struct Difference {
  std::vector<RuleKey> removed;
  std::vector<RuleKey> added;
};

Difference fold_steps(ZoneSet::StepReader& reader) {
  // Changes of one record alternate, so an odd number of them amounts to the last.
  struct Tally {
    bool is_odd = false;
    bool is_add = false;
  };
  std::unordered_map<RuleKey, Tally, RuleKeyHash> tallies;
  tallies.reserve(reader.change_count());
  for (const SerialStep& step : reader.steps()) {
    for (const RecordChange& change : step.changes) {
      const bool below = change.kind == RecordChangeKind::add_below ||
                         change.kind == RecordChangeKind::remove_below;
      Tally& tally = tallies[RuleKey{.name = reader.name(change), .below = below}];
      tally.is_odd = !tally.is_odd;
      tally.is_add =
          change.kind == RecordChangeKind::add_name || change.kind == RecordChangeKind::add_below;
    }
  }
  Difference difference;
  for (const auto& [key, tally] : tallies) {
    if (!tally.is_odd) continue;
    (tally.is_add ? difference.added : difference.removed).push_back(key);
  }
  return difference;
}

bool send_difference(RecordStream& stream, ZoneSet::StepReader& reader,
                     std::uint32_t client_serial) {
  const std::uint32_t serial = reader.steps().empty() ? client_serial : reader.steps().back().to;
  stream.outcome.serial = serial;
  stream.outcome.incremental = true;
  if (!stream.add_soa(serial)) return false;
  if (reader.steps().empty()) return stream.flush();  // up to date: one SOA
  const Difference difference = fold_steps(reader);
  if (!stream.add_soa(client_serial)) return false;
  for (const RuleKey& key : difference.removed) {
    if (!stream.add_rule(key.name, key.below)) return false;
  }
  if (!stream.add_soa(serial)) return false;
  for (const RuleKey& key : difference.added) {
    if (!stream.add_rule(key.name, key.below)) return false;
  }
  return stream.add_soa(serial) && stream.flush();
}

}  // namespace

TransferOutcome send_transfer(ZoneSet& zones, const Clock& clock, const TransferOrder& order,
                              const MessageSink& sink) {
  RecordStream stream{clock, order, sink};
  if (order.zone == &catalog_zone()) {
    stream.outcome.complete = send_catalog(stream, order);
    return stream.outcome;
  }
  if (order.qtype == dns::type_ixfr) {
    const auto reader = zones.read_steps(*order.zone, order.client_serial);
    const bool is_worth_it = reader != nullptr && reader->change_count() <= ixfr_changes_max;
    if (is_worth_it) {
      stream.outcome.complete = send_difference(stream, *reader, order.client_serial);
      return stream.outcome;
    }
  }
  stream.outcome.complete = send_zone(zones, stream, *order.zone);
  return stream.outcome;
}

}  // namespace khien::publish
