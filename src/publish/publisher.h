// Brings what the database decides into the zones: reads publications in order, applies them, and
// reports each with the serial that serves it. At least once, and twice does no harm. Orders also
// lapse here, on time and without the database, and logs are compacted.
//
// One thread of its own. It may block on the database, which is why the primary is another object:
// with the database away zones are served, lapse and roll back as before.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/metrics.h"
#include "publish/zone_set.h"

namespace khien::publish {

constexpr int publications_a_turn = 1'000;
constexpr std::size_t pages_a_turn = 32;  // made ahead of transfers, in a few milliseconds
constexpr std::int64_t publisher_wait_max_ms = 1'000;  // looks on its own, woken or not

/// One decision about one name, or one address.
struct PublicationRow {
  std::int64_t sequence = 0;  ///< 1, 2, 3… without gaps
  ChangeKind kind = ChangeKind::add;
  std::string source = {};  ///< "order:01J…"
  Basis basis = Basis::orders;
  Category category = Category::phishing;
  SetOf of = SetOf::names;
  std::string name = {};  ///< A-labels, no last dot; of an address as set_names.h says
  Scope scope = Scope::host;
  InstantMs until_ms = 0;
  /// Of an add: two signers of different units saw what exactly this name and scope hit.
  bool two_signers = false;
  bool served_before = false;  ///< the database has been told once that it is served
};

struct PublishedRow {
  std::int64_t sequence = 0;
  std::string zone = {};  ///< name with the last dot
  std::uint32_t serial = 0;
};

/// Where decisions come from. One thread uses it, but wake() may come from any.
class PublicationSource {
 public:
  virtual ~PublicationSource() = default;
  /// The rows after `sequence`, oldest first, at most `limit`.
  [[nodiscard]] virtual Result<std::vector<PublicationRow>> after(std::int64_t sequence,
                                                                  int limit) = 0;
  /// These are served. Saying it twice changes nothing.
  [[nodiscard]] virtual Result<void> record(std::span<const PublishedRow> rows) = 0;
  /// Rollbacks and rejections: these orders are not served. Saying it twice changes nothing.
  [[nodiscard]] virtual Result<void> record_withdrawn(std::span<const GateNotice> notices) = 0;
  /// Acts of the machine's operator (NoticeKind::act), for the log. Said twice it stands there
  /// twice.
  [[nodiscard]] virtual Result<void> record_acts(std::span<const GateNotice> notices) = 0;
  /// Sleeps until there may be more, or for `wait_ms`.
  virtual void wait(std::int64_t wait_ms) = 0;
  virtual void wake() = 0;
};

/// What there is to do where two publishers share the zones (pair.h): the one that follows brings
/// nothing in by itself.
enum class PublisherDuty : std::uint8_t { everything, lapses, nothing };

class Publisher {
 public:
  /// All must outlive it. Starts the thread.
  struct Parts {
    ZoneSet& zones;
    PublicationSource& source;
    const Clock& clock;
    Metrics& metrics;
    std::function<PublisherDuty()> duty = {};  ///< asked each turn; empty: everything
  };
  explicit Publisher(const Parts& parts);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

 private:
  void run(const std::stop_token& stop);
  Parts parts_;
  std::jthread thread_;
};

/// One turn of the publisher's work, without its thread: for tests and for a worker of one's own.
class PublisherTurn {
 public:
  explicit PublisherTurn(const Publisher::Parts& parts);

  /// Lapses, what a stop held up that has ended, then the database; pages for transfers where that
  /// leaves time. True if there is more to do at once. A failure of the database is counted,
  /// logged, and tried again next turn; lapses never wait for it. A stop holds additions alone, at
  /// the gate.
  bool run();
  /// How long the next turn may wait.
  [[nodiscard]] std::int64_t wait_ms() const;

 private:
  void lapse();
  void bring_resumed();
  void settle_trials();
  bool publish();
  Result<void> tell_notices();
  Result<int> apply_rows(const std::vector<PublicationRow>& rows);
  Result<void> report(const std::vector<PublicationRow>& rows);
  Result<bool> catch_up_reports();
  void compact();

  Publisher::Parts parts_;
  PublisherDuty duty_ = PublisherDuty::everything;  // of the last turn
  std::int64_t settled_version_ = -1;               // of the gate, when the trials were settled
  Metric& applied_;
  Metric& refused_;
  Metric& held_;
  Metric& lapsed_;
  Metric& failures_;
  Metric& names_;
};

}  // namespace khien::publish
