// The records of a zone as they go over the wire, made once and kept: a page holds those of
// `page_entries` entries of the zone's table, as whole DNS messages for TCP. A change of one name
// costs its page alone, which is made anew when somebody next asks for the whole zone. So a
// transfer costs little more than copying its octets. No I/O and no lock: ZoneSet has both.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "dns/name.h"
#include "publish/zone_names.h"

namespace khien::publish {

/// Entries of one page: about 45 KB, and some tens of microseconds to make under the zones' lock.
constexpr std::uint32_t page_entries = 1'024;
/// Of all zones together; what is beyond it is made for each transfer anew.
constexpr std::size_t pages_size_max = std::size_t{128} << 20;
/// Everything in a message lies within reach of compression pointers (RFC 1035 section 4.1.4).
constexpr std::size_t page_message_size = 16'384;

/// Which records a name shows.
struct Shown {
  bool name = false;
  bool below = false;  ///< *.name
  friend bool operator==(const Shown&, const Shown&) = default;
};

/// Immutable once made.
struct ZonePage {
  /// Messages, each with its length in front (RFC 1035 section 4.2.2): QR and AA are set, the id is
  /// zero, there is no question (RFC 5936 section 2.2), and the answers are the rules' records.
  Octets frames;
  std::size_t record_count = 0;
  std::size_t message_count = 0;
};

/// Makes one page.
class PageWriter {
 public:
  explicit PageWriter(const ZoneFacts& zone);

  /// The records of `name`, which ZoneSet found to fit into the zone.
  void add(dns::NameView name, Shown shown);
  [[nodiscard]] ZonePage finish();

 private:
  void begin_message();
  void end_message();
  void add_owner_end();
  void add_octets(Bytes octets);
  [[nodiscard]] std::size_t message_size() const noexcept { return size_ - message_at_; }

  dns::Name zone_;
  Octets rest_;  // of a record, behind its owner: the same for all
  Octets frames_;
  std::size_t size_ = 0;        // of frames_ in use
  std::size_t message_at_ = 0;  // where the message begins
  std::size_t zone_at_ = 0;     // in the message: where the zone's name stands; 0: not yet
  std::uint16_t answer_count_ = 0;
  ZonePage page_;
};

/// How much pages hold, of all tables that share it.
struct PagesInUse {
  std::size_t size = 0;
  std::size_t size_max = pages_size_max;
  /// Below the limit by a page, which is rarely larger than twice the ordinary size.
  [[nodiscard]] bool has_room() const noexcept { return size + 8 * page_message_size < size_max; }
};

/// The pages of one table that are kept.
class PageShelf {
 public:
  explicit PageShelf(std::shared_ptr<PagesInUse> in_use) : in_use_(std::move(in_use)) {}
  ~PageShelf() { clear(); }
  PageShelf(const PageShelf&) = delete;
  PageShelf& operator=(const PageShelf&) = delete;

  /// nullptr if it is not there.
  [[nodiscard]] std::shared_ptr<const ZonePage> find(std::uint32_t page) const noexcept;
  /// The first of `count` pages that is not there; nullopt also where there is no room for more.
  [[nodiscard]] std::optional<std::uint32_t> first_missing(std::uint32_t count) const noexcept;
  /// Keeps it if there is room.
  void put(std::uint32_t page, std::shared_ptr<const ZonePage> made);
  /// The entry is about to change, or is new.
  void forget_page_of(std::uint32_t entry) noexcept;
  void clear() noexcept;

 private:
  void drop(std::shared_ptr<const ZonePage>& page) noexcept;

  std::vector<std::shared_ptr<const ZonePage>> pages_;
  std::shared_ptr<PagesInUse> in_use_;
};

}  // namespace khien::publish
