// Who may change the zones, where two publishers keep the same ones (pair.h): ZoneSet asks before
// each change and hands each batch over before it is written. An interface, so that the zones know
// nothing of databases; without a guard everybody who has the zones open may change them.
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "publish/zone_log.h"
#include "publish/zone_names.h"

namespace khien::publish {

class ChangeGuard {
 public:
  virtual ~ChangeGuard() = default;

  /// What a person is about to do. conflict "other_leads" where the other publisher makes the
  /// changes. No lock is held.
  [[nodiscard]] virtual Result<void> begin_act() = 0;
  /// The least serial of the zone's next change; none: the next one will do. Called under the
  /// zones' locks: it must be quick and call nothing back.
  [[nodiscard]] virtual std::optional<std::uint32_t> serial_floor(const ZoneFacts& zone) = 0;
  /// `batch` is about to be written and shown; `payload` is its frame, `chain` the zones' after it.
  /// Called under the writer's lock. conflict "other_leads"; limit_exceeded "serials_used_up". An
  /// error leaves the zones as they are.
  [[nodiscard]] virtual Result<void> share(const Batch& batch, Bytes payload,
                                           const crypto::Sha256Digest& chain) = 0;
  /// What was shared could not be written here (disk full). Called under the writer's lock.
  virtual void not_written() noexcept = 0;
};

}  // namespace khien::publish
