// The signed lists that everybody may fetch, as files in a folder of ours: made from the zones when
// somebody asks after a change, kept while anybody may still be fetching them. An edition (one
// list, one format, one serial) never changes, and its signature is made with it, so the two always
// match.
//
// The folder is a cache: it is emptied at the start, and what is lost is made again. A list goes to
// disk while it is read, some thousand names in memory at a time, and holds the zones' lock for
// less than a millisecond at once. One list is made at a time. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "base/metrics.h"
#include "base/result.h"
#include "crypto/signature.h"
#include "exchange/list_writer.h"
#include "exchange/minisign.h"
#include "publish/list_catalogue.h"
#include "publish/zone_set.h"

namespace khien::publish {

struct ListShelfLimits {
  std::uint64_t list_size_max = std::uint64_t{1} << 30U;   ///< octets of one list
  std::uint64_t shelf_size_max = std::uint64_t{8} << 30U;  ///< octets of all: the oldest go
  std::size_t editions_max = 3;                            ///< of one list in one format
  std::int64_t renewed_min_ms = 10'000;  ///< a list that changes is made again no sooner
  int waiting_max = 2;                   ///< who may wait while a list is made; others come again
  std::int64_t wait_ms = 10'000;
};

struct ListShelfOptions {
  std::filesystem::path folder;  ///< made, and emptied of what is in it
  std::string public_url;        ///< without a final slash
  bool share_feeds = false;      ///< whether lists of feeds are given on, too
  ListShelfLimits limits = {};
};

/// What is known of one list in one format as it was made once.
struct Edition {
  std::string version;       ///< "17-3f2a…": differs wherever an octet does
  std::string signature;     ///< text of the .minisig file
  std::uint64_t serial = 0;  ///< of the zone; of a basis the sum of its zones' serials
  InstantMs made_at_ms = 0;  ///< to the second
  InstantMs expires_at_ms = 0;
  std::uint64_t count = 0;  ///< entries
  std::uint64_t size = 0;   ///< octets
};

struct OpenEdition {
  Edition edition;
  FileDescriptor file;  ///< stays readable whatever becomes of the shelf
};

class ListShelf {
 public:
  /// `zones` is borrowed.
  [[nodiscard]] static Result<std::unique_ptr<ListShelf>> open(ListShelfOptions options,
                                                               ZoneSet& zones,
                                                               const crypto::Ed25519Key& key,
                                                               const Clock& clock,
                                                               Metrics& metrics);
  ListShelf(const ListShelf&) = delete;
  ListShelf& operator=(const ListShelf&) = delete;

  /// What is given out, in the order of all_lists().
  [[nodiscard]] std::vector<const ListFacts*> offered() const;
  /// nullptr if nothing of that id is.
  [[nodiscard]] const ListFacts* find(std::string_view id) const;

  /// The list as it is now, or as it was at most renewed_min_ms ago. Made here if need be: a
  /// million names take about a second. unavailable ("list_busy") while another is made and enough
  /// wait; limit_exceeded ("list_too_large"); unavailable where the disk takes no more.
  [[nodiscard]] Result<OpenEdition> newest(const ListFacts& list, exchange::ListOutput output);
  /// Exactly that edition; not_found ("no_such_version") if it is not kept any more or over.
  [[nodiscard]] Result<OpenEdition> version(const ListFacts& list, exchange::ListOutput output,
                                            std::string_view version);

  /// What `list` holds now, without making anything.
  struct Contents {
    std::uint64_t serial = 0;
    std::uint64_t names = 0;
  };
  [[nodiscard]] Contents contents(const ListFacts& list);

  /// A signature like a list's for a text of ours, good for `life_ms` from now.
  [[nodiscard]] std::string sign(std::string_view text, std::string_view file, std::uint64_t serial,
                                 std::int64_t life_ms) const;
  [[nodiscard]] const exchange::MinisignPublicKey& public_key() const noexcept { return public_; }
  [[nodiscard]] ZoneSet& zones() noexcept { return zones_; }

 private:
  struct Kept {
    Edition edition;
    std::filesystem::path path;
  };
  struct State {
    std::map<std::string, std::deque<Kept>> shelves;  // by file name; the newest first
    bool making = false;
    int waiting = 0;
  };
  struct Wanted {
    const ListFacts& list;
    exchange::ListOutput output;
    std::string file;  // "orders-phishing.hosts"
  };

  ListShelf(ListShelfOptions options, ZoneSet& zones, const crypto::Ed25519Key& key,
            const Clock& clock, Metrics& metrics);
  [[nodiscard]] bool is_fresh(const ListFacts& list, const Edition& edition, std::uint64_t serial);
  [[nodiscard]] Result<OpenEdition> make_and_keep(const Wanted& wanted);
  [[nodiscard]] Result<Kept> make(const Wanted& wanted);
  [[nodiscard]] static Result<OpenEdition> open_kept(State& state, const std::string& file,
                                                     std::size_t index);
  void make_room(State& state, const std::string& file);

  ListShelfOptions options_;
  ZoneSet& zones_;
  crypto::Ed25519Key key_;
  exchange::MinisignPublicKey public_;
  const Clock& clock_;
  Metric& made_;
  Metric& failed_;
  Metric& left_out_;
  Guarded<State> state_;
};

}  // namespace khien::publish
