#include "publish/zone_log.h"

#include <optional>

#include "codec/little_endian.h"

namespace khien::publish {
namespace {

using codec::append_little;

constexpr std::uint8_t batch_version = 1;
constexpr std::uint8_t jump_version = 2;  // the same, but its serials need not be the next
constexpr std::size_t text_size_max = 255;

void append_text(Octets& out, std::string_view text) {
  KHIEN_ASSERT(text.size() <= text_size_max);
  out.push_back(static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

void append_instant(Octets& out, std::int64_t value) {
  append_little(out, static_cast<std::uint64_t>(value));
}

void append_name(Octets& out, dns::NameView name) {
  out.insert(out.end(), name.wire().begin(), name.wire().end());
}

/// Takes values off the front; after the first fault everything fails.
class Taker {
 public:
  explicit Taker(Bytes bytes) : rest_(bytes) {}

  template <typename Integer>
  Integer integer() {
    if (!need(sizeof(Integer))) return 0;
    const auto value = codec::read_little<Integer>(rest_);
    rest_ = rest_.subspan(sizeof(Integer));
    return value;
  }
  std::int64_t instant() { return static_cast<std::int64_t>(integer<std::uint64_t>()); }
  std::string text() {
    const std::size_t size = integer<std::uint8_t>();
    if (!need(size)) return {};
    std::string value = to_text(rest_.first(size));
    rest_ = rest_.subspan(size);
    return value;
  }
  dns::NameView name() {
    const auto value = good_ ? dns::NameView::parse_prefix(rest_)
                             : dns::Wire<dns::NameView>{tl::unexpected(dns::WireError::truncated)};
    if (!value) {
      good_ = false;
      return {};
    }
    rest_ = rest_.subspan(value->size());
    return *value;
  }
  /// A number of items, each of which takes at least `item_size_min` octets.
  std::size_t count(std::size_t item_size_min) {
    const std::size_t value = integer<std::uint32_t>();
    if (value > rest_.size() / item_size_min) good_ = false;
    return good_ ? value : 0;
  }
  void refuse() noexcept { good_ = false; }
  [[nodiscard]] bool good() const noexcept { return good_; }
  [[nodiscard]] bool finished() const noexcept { return good_ && rest_.empty(); }

 private:
  bool need(std::size_t size) noexcept {
    if (size > rest_.size()) good_ = false;
    return good_;
  }
  Bytes rest_;
  bool good_ = true;
};

Scope take_scope(Taker& taker) {
  const auto value = taker.integer<std::uint8_t>();
  if (value > 1) taker.refuse();
  return value == 1 ? Scope::domain : Scope::host;
}

SourceIndex take_source(Taker& taker) {
  const auto value = taker.integer<std::uint32_t>();
  if (value >= source_count_max) taker.refuse();
  return value;
}

Operation take_operation(Taker& taker) {
  Operation operation;
  const auto kind = taker.integer<std::uint8_t>();
  if (kind < 1 || kind > 4) taker.refuse();
  operation.kind = static_cast<OperationKind>(kind);
  operation.scope = take_scope(taker);
  operation.source = take_source(taker);
  operation.until_ms = taker.instant();
  operation.name = dns::Name{taker.name()};
  return operation;
}

constexpr std::size_t operation_size_min = 1 + 1 + 4 + 8 + 1;
constexpr std::size_t source_size_min = 4 + 1;
constexpr std::size_t zone_size_min = 1 + 4 + 4;
constexpr std::size_t holder_size = 1 + 4 + 8;

}  // namespace

crypto::Sha256Digest chain_after(const crypto::Sha256Digest& before, Bytes payload) {
  return crypto::Sha256{}.update(Bytes{before}).update(payload).finish();
}

Octets encode_batch(const Batch& batch) {
  Octets out;
  out.push_back(batch.step == SerialRule::jump ? jump_version : batch_version);
  append_little(out, batch.position);
  append_instant(out, batch.at_ms);
  append_instant(out, batch.applied_sequence);
  append_instant(out, batch.reported_sequence);
  append_little(out, static_cast<std::uint32_t>(batch.sources.size()));
  for (const NewSource& source : batch.sources) {
    append_little(out, source.index);
    append_text(out, source.name);
  }
  append_little(out, static_cast<std::uint32_t>(batch.zones.size()));
  for (const ZoneBatch& zone : batch.zones) {
    append_text(out, zone.zone);
    append_little(out, zone.serial);
    append_little(out, static_cast<std::uint32_t>(zone.operations.size()));
    for (const Operation& operation : zone.operations) {
      out.push_back(static_cast<std::uint8_t>(operation.kind));
      out.push_back(operation.scope == Scope::domain ? 1 : 0);
      append_little(out, operation.source);
      append_instant(out, operation.until_ms);
      append_name(out, operation.name);
    }
  }
  return out;
}

Result<Batch> decode_batch(Bytes payload) {
  Taker taker{payload};
  const auto version = taker.integer<std::uint8_t>();
  if (version != batch_version && version != jump_version) taker.refuse();
  Batch batch;
  if (version == jump_version) batch.step = SerialRule::jump;
  batch.position = taker.integer<std::uint64_t>();
  batch.at_ms = taker.instant();
  batch.applied_sequence = taker.instant();
  batch.reported_sequence = taker.instant();
  for (std::size_t i = taker.count(source_size_min); i > 0; --i) {
    const SourceIndex index = take_source(taker);
    batch.sources.push_back({.index = index, .name = taker.text()});
  }
  for (std::size_t i = taker.count(zone_size_min); i > 0; --i) {
    ZoneBatch zone;
    zone.zone = taker.text();
    zone.serial = taker.integer<std::uint32_t>();
    const std::size_t operation_count = taker.count(operation_size_min);
    for (std::size_t k = 0; k < operation_count && taker.good(); ++k) {
      zone.operations.push_back(take_operation(taker));
    }
    batch.zones.push_back(std::move(zone));
  }
  if (!taker.finished()) return fail(ErrorCode::corrupt, "a frame of the zone log is no batch");
  return batch;
}

BaseWriter::BaseWriter(const BaseHead& head) {
  append_little(out_, head.position);
  append_instant(out_, head.applied_sequence);
  append_instant(out_, head.reported_sequence);
  append_little(out_, static_cast<std::uint32_t>(head.sources.size()));
  for (const std::string& source : head.sources) append_text(out_, source);
  out_.insert(out_.end(), head.chain.begin(), head.chain.end());
}

void BaseWriter::begin_zone(std::string_view id, std::uint32_t serial) {
  out_.push_back(1);  // one more zone
  append_text(out_, id);
  append_little(out_, serial);
  count_at_ = out_.size();
  count_ = 0;
  append_little(out_, std::uint32_t{0});
}

void BaseWriter::add(dns::NameView name, std::span<const Holder> holders) {
  for (const Holder& holder : holders) {
    out_.push_back(holder.scope == Scope::domain ? 1 : 0);
    append_little(out_, holder.source);
    append_instant(out_, holder.until_ms);
    append_name(out_, name);
    ++count_;
  }
}

void BaseWriter::end_zone() {
  for (std::size_t i = 0; i < 4; ++i) {
    out_[count_at_ + i] = static_cast<std::uint8_t>(count_ >> (8 * i));
  }
}

Result<BaseHead> read_base(Bytes payload, std::uint32_t version, const BaseHandlers& handlers) {
  Taker taker{payload};
  BaseHead head;
  head.position = taker.integer<std::uint64_t>();
  head.applied_sequence = taker.instant();
  head.reported_sequence = taker.instant();
  for (std::size_t i = taker.count(1); i > 0; --i) head.sources.push_back(taker.text());
  if (version >= 2) {
    for (std::uint8_t& octet : head.chain) octet = taker.integer<std::uint8_t>();
  }
  while (taker.good() && !taker.finished()) {
    if (taker.integer<std::uint8_t>() != 1) taker.refuse();
    const std::string id = taker.text();
    const auto serial = taker.integer<std::uint32_t>();
    const std::size_t holder_count = taker.count(holder_size + 1);
    if (!taker.good()) break;
    if (auto known = handlers.on_zone(id, serial); !known) {
      return tl::unexpected(std::move(known).error());
    }
    for (std::size_t i = 0; i < holder_count && taker.good(); ++i) {
      Holder holder;
      holder.scope = take_scope(taker);
      holder.source = take_source(taker);
      holder.until_ms = taker.instant();
      const dns::NameView name = taker.name();
      if (taker.good()) handlers.on_holder(name, holder);
    }
  }
  if (!taker.finished()) return fail(ErrorCode::corrupt, "the base file of the zones is damaged");
  return head;
}

}  // namespace khien::publish
