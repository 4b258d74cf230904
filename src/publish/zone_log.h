// What ZoneSet writes to disk: batches of changes (docs/formats/zone-log.md) as frames of an
// append-only log, and the whole state as a base file. Pure functions between values and octets.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "publish/zone_table.h"

namespace khien::publish {

constexpr std::size_t operations_per_batch_max = 20'000;
constexpr std::size_t batch_size_max = 8U << 20;  // octets of one frame

enum class OperationKind : std::uint8_t {
  add = 1,     ///< the source holds the name
  remove = 2,  ///< the source does not hold it any more
  clear = 3,   ///< nobody does: a rollback
  lapse = 4,   ///< as remove, because the holder's time is over
};

struct Operation {
  OperationKind kind = OperationKind::add;
  Scope scope = Scope::host;
  SourceIndex source = 0;
  InstantMs until_ms = 0;
  dns::Name name;  ///< lower case
};

struct ZoneBatch {
  std::string zone;          ///< id
  std::uint32_t serial = 0;  ///< that the zone has with these operations
  std::vector<Operation> operations;
};

struct NewSource {
  SourceIndex index = 0;
  std::string name;
};

enum class SerialRule : std::uint8_t {
  next,  ///< each zone gets the serial after its last
  jump,  ///< or a later one: who leads has changed (pair.h)
};

/// What one commit writes.
struct Batch {
  SerialRule step = SerialRule::next;
  std::uint64_t position = 0;  ///< 1, 2, 3… without gaps
  InstantMs at_ms = 0;
  std::int64_t applied_sequence = 0;   ///< publications of the database up to here are in
  std::int64_t reported_sequence = 0;  ///< and up to here the database has been told so
  std::vector<NewSource> sources;
  std::vector<ZoneBatch> zones;
};

[[nodiscard]] Octets encode_batch(const Batch& batch);
/// What the log is known by after one more frame: SHA-256 of `before` and `payload`. Two logs with
/// the same chain have the same history.
[[nodiscard]] crypto::Sha256Digest chain_after(const crypto::Sha256Digest& before, Bytes payload);
/// corrupt if `payload` is not exactly one batch.
[[nodiscard]] Result<Batch> decode_batch(Bytes payload);

/// The base file's fixed part; names follow zone by zone.
struct BaseHead {
  std::uint64_t position = 0;  ///< of the last batch in it
  std::int64_t applied_sequence = 0;
  std::int64_t reported_sequence = 0;
  std::vector<std::string> sources;  ///< by index
  crypto::Sha256Digest chain{};      ///< of the log up to `position`
};

constexpr std::string_view base_kind = "KHZONES1";
constexpr std::uint32_t base_version = 2;  // 1 has no chain

/// Writes a base piece by piece: head, then for each zone begin_zone(), its names, end_zone().
class BaseWriter {
 public:
  explicit BaseWriter(const BaseHead& head);
  void begin_zone(std::string_view id, std::uint32_t serial);
  void add(dns::NameView name, std::span<const Holder> holders);
  void end_zone();
  [[nodiscard]] Octets finish() && { return std::move(out_); }

 private:
  Octets out_;
  std::size_t count_at_ = 0;
  std::uint32_t count_ = 0;
};

/// Reads a base: calls on_zone for each zone and on_holder for each holder of each name.
struct BaseHandlers {
  std::function<Result<void>(std::string_view id, std::uint32_t serial)> on_zone;
  std::function<void(dns::NameView name, const Holder& holder)> on_holder;
};
/// `version` is the container's.
[[nodiscard]] Result<BaseHead> read_base(Bytes payload, std::uint32_t version,
                                         const BaseHandlers& handlers);

}  // namespace khien::publish
