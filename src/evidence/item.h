// Evidence items and their chain of custody. The octets lie in the content store before the row is
// written, so no row ever names what is not there; a content without a row is harmless. Items never
// change; every touch is a custody event. Who may do what is asked by the caller (identity stands
// above).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/metrics.h"
#include "base/random.h"
#include "evidence/content_store.h"
#include "store/database.h"
#include "store/executor.h"

namespace khien::evidence {

struct ItemTag;
using ItemId = Id<ItemTag>;

constexpr std::int64_t items_per_case_max = 500;
constexpr std::int64_t case_size_max = std::int64_t{500} << 20;  // octets of all items of a case
constexpr std::size_t file_name_size_max = 255;                  // octets
constexpr std::size_t note_size_max = 500 * 4;

enum class ItemKind : std::uint8_t { screenshot, file, report_text };
[[nodiscard]] std::string_view to_string(ItemKind kind) noexcept;
[[nodiscard]] std::optional<ItemKind> parse_item_kind(std::string_view word) noexcept;

enum class CustodyKind : std::uint8_t {
  received,
  opened,    ///< somebody looked at the content
  verified,  ///< hashed again, and right
  damaged,   ///< hashed again, and wrong: an incident
  held,      ///< may not be destroyed until released
  released,
  exported,   ///< handed to others as a package
  destroyed,  ///< the octets are gone; row, hash and custody stay
};
[[nodiscard]] std::string_view to_string(CustodyKind kind) noexcept;

struct Item {
  ItemId id;
  std::string case_id;
  std::string report_id;  ///< empty: an officer added it
  ItemKind kind = ItemKind::file;
  std::string sha256;
  std::int64_t size = 0;
  std::string media_type;  ///< found from the octets
  std::string file_name;   ///< as the sender wrote it; shown as text, never a path
  std::string note;
  std::string added_by;  ///< account id; empty for the public
  InstantMs added_at_ms = 0;
  std::int64_t holds = 0;  ///< that stand now: see note_custody()
  bool destroyed = false;
};

struct CustodyEvent {
  InstantMs at_ms = 0;
  CustodyKind kind = CustodyKind::received;
  std::string actor;  ///< account id; empty for the public or the system
  std::string reason;
};

struct ItemDraft {
  std::string case_id;
  std::string report_id = {};
  ItemKind kind = ItemKind::file;
  std::string file_name = {};
  std::string note = {};
  std::string added_by = {};
};

/// What functions here need beside their arguments.
struct Context {
  const Clock& clock;
  Rng& rng;
  Metric* damaged = nullptr;  ///< counts items that were found changed: each is an incident
};

/// Writes the row, its first custody event and the leaf evidence.added (item, case, hash, size,
/// media type). A screenshot that is no picture is invalid_argument "bad_picture"; limit_exceeded
/// "too_many_items" or "case_too_large".
[[nodiscard]] Result<Item> add_item(store::Transaction& tx, const Context& context,
                                    const ItemDraft& draft, const Content& content);

/// Stores `text` (a report's own words) as an item of kind report_text.
[[nodiscard]] Result<Item> add_text(store::Transaction& tx, const Context& context,
                                    const ContentStore& contents, ItemDraft draft,
                                    std::string_view text);

[[nodiscard]] Result<Item> load_item(store::Executor& db, const ItemId& id);
/// Oldest first, at most items_per_case_max.
[[nodiscard]] Result<std::vector<Item>> list_items(store::Executor& db, std::string_view case_id);
[[nodiscard]] Result<std::vector<CustodyEvent>> custody_of(store::Executor& db, const ItemId& id);

/// The content for somebody who may see it: verified while it is read, with a custody event either
/// way. corrupt "evidence_damaged" if it is not what was received or is lost; not_found
/// "destroyed". Two transactions around a read of the disk.
[[nodiscard]] Result<Octets> open_item(store::Database& db, const Context& context,
                                       const ContentStore& contents, const ItemId& id,
                                       std::string_view actor);

/// Notes a hold, its release or an export, with a reason; the first two are leaves, too
/// (evidence.held, evidence.released). invalid_argument "reason_needed" or "custody_kind" for
/// another kind; conflict "not_held" for a release without a hold, "destroyed". Holds add up: an
/// item that was held twice is free after two releases.
[[nodiscard]] Result<void> note_custody(store::Transaction& tx, const Context& context,
                                        const ItemId& id, CustodyKind kind, std::string_view actor,
                                        std::string_view reason);

}  // namespace khien::evidence
