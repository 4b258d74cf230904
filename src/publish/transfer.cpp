#include "publish/transfer.h"

#include <unordered_map>

#include "dns/rpz.h"
#include "dns/writer.h"
#include "publish/catalog.h"
#include "publish/primary_framing.h"

namespace khien::publish {
namespace {

/// Octets that are handed on at once, about.
constexpr std::size_t send_size = 32'768;

/// Fills messages with records and hands them on.
class RecordStream {
 public:
  RecordStream(const Clock& clock, const TransferOrder& order, const FrameSink& sink)
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
      if (!end_message()) return false;
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

  bool add_page(const ZonePage& page) {
    if (!end_message()) return false;
    for (Bytes rest = page.frames; !rest.empty();) {
      const std::size_t size = dns::load_u16(rest, 0);
      if (!add_message(rest.subspan(length_size, size))) return false;
      rest = rest.subspan(length_size + size);
    }
    outcome.record_count += page.record_count;
    return true;
  }

  /// Hands on all that is left.
  bool finish() { return end_message() && hand_on(); }

  TransferOutcome outcome;

 private:
  void begin() {
    writer_.begin(order_.id, dns::flag_qr | dns::flag_aa);
    if (outcome.message_count == 0) {
      const bool fits = writer_.add_question(order_.zone->name, order_.qtype, dns::class_in);
      KHIEN_ASSERT(fits);
    }
  }

  bool end_message() {
    if (writer_.count(dns::Section::answer) == 0) return true;
    const bool is_taken = add_message(writer_.message());
    begin();
    return is_taken;
  }

  /// Under this transfer's id and, where the request was, signed.
  bool add_message(Bytes message) {
    const std::size_t at = frames_.size();
    if (signer_) {
      Octets signed_message = to_octets(message);
      dns::store_u16(signed_message, 0, order_.id);
      if (!signer_->sign(signed_message, clock_.now_ms() / ms_per_second)) return false;
      append_frame(frames_, signed_message);
    } else {
      append_frame(frames_, message);
      dns::store_u16(frames_, at + length_size, order_.id);
    }
    ++outcome.message_count;
    return frames_.size() < send_size || hand_on();
  }

  bool hand_on() {
    const bool is_taken = frames_.empty() || sink_(frames_);
    frames_.clear();
    return is_taken;
  }

  const Clock& clock_;
  const TransferOrder& order_;
  const FrameSink& sink_;
  std::optional<dns::TsigSigner> signer_;  // its room is beyond transfer_message_size
  Octets buffer_;
  dns::MessageWriter writer_;
  dns::Name target_;
  Octets frames_;  // messages that wait for more
};

/// Zones with no more names go out as records, in one message mostly; a page is one of its own.
constexpr std::size_t small_zone_names_max = 100;

bool add_names(ZoneSet::ZoneReader& reader, RecordStream& stream) {
  std::vector<std::pair<dns::Name, Shown>> names;  // read under the zones' lock, sent without
  while (reader.next([&](const ZoneTable::Item& item) {
    names.emplace_back(dns::Name{item.name}, item.shown);
    return true;
  })) {
  }
  for (const auto& [name, shown] : names) {
    if (shown.name && !stream.add_rule(name, false)) return false;
    if (shown.below && !stream.add_rule(name, true)) return false;
  }
  return true;
}

bool add_pages(ZoneSet::ZoneReader& reader, RecordStream& stream) {
  while (const auto page = reader.next_page()) {
    if (!stream.add_page(*page)) return false;
  }
  return true;
}

bool send_zone(ZoneSet& zones, RecordStream& stream, const ZoneFacts& zone) {
  const auto reader = zones.read_zone(zone);
  stream.outcome.serial = reader->serial();
  if (!stream.add_soa(reader->serial()) || !stream.add_ns()) return false;
  const bool is_small = reader->entry_count() <= small_zone_names_max;
  const bool are_sent = is_small ? add_names(*reader, stream) : add_pages(*reader, stream);
  return are_sent && stream.add_soa(stream.outcome.serial) && stream.finish();
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
  return stream.add_soa(order.catalog_serial) && stream.finish();
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
  if (reader.steps().empty()) return stream.finish();  // up to date: one SOA
  const Difference difference = fold_steps(reader);
  if (!stream.add_soa(client_serial)) return false;
  for (const RuleKey& key : difference.removed) {
    if (!stream.add_rule(key.name, key.below)) return false;
  }
  if (!stream.add_soa(serial)) return false;
  for (const RuleKey& key : difference.added) {
    if (!stream.add_rule(key.name, key.below)) return false;
  }
  return stream.add_soa(serial) && stream.finish();
}

}  // namespace

TransferOutcome send_transfer(ZoneSet& zones, const Clock& clock, const TransferOrder& order,
                              const FrameSink& sink) {
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
