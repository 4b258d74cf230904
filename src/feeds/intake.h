// From the octets of a list to a set that may be served: read (exchange), filtered by what no list
// may block, gathered into one set, everything counted. No I/O; one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cases/impact.h"
#include "exchange/list_reader.h"
#include "exchange/name_set.h"
#include "feeds/feed.h"

namespace khien::feeds {

/// Why no list may block this name for this category; nullopt if it may.
///
/// For the categories of crime all that an order would be refused, and popular names: a feed has
/// nobody who could give a reason. A network's own choice may name popular sites and names below a
/// listed one, but never a listed name itself, a suffix, or names of our own.
[[nodiscard]] std::optional<cases::FindingKind> refusal_of(const cases::ImpactData& data,
                                                           Category category, std::string_view host,
                                                           cases::Scope scope);

struct IntakeResult {
  exchange::NameSet set;
  FeedCounts counts;            ///< without added and removed, which need the set before
  std::int64_t good_names = 0;  ///< refused because they are listed or popular
};

class Intake {
 public:
  /// `data` must outlive it.
  Intake(const cases::ImpactData& data, const FeedDraft& feed);
  ~Intake();
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  /// limit_exceeded with reason "entries_max" as soon as more names were taken than the feed may
  /// have; and the errors of ListReader.
  [[nodiscard]] Result<void> read(std::string_view piece);
  /// malformed with reason "empty_list" if nothing stood in it, "not_a_list" if most of it cannot
  /// be read in the feed's format: an error page, compressed octets, another format.
  [[nodiscard]] Result<IntakeResult> finish();
  /// How far it is, for who waits: `read` and `refused` so far.
  [[nodiscard]] FeedCounts progress() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace khien::feeds
