// What the publisher reads and reports back. Every order that comes into force or leaves it writes
// a publication row in the same transaction; rows are numbered without gaps in the order of their
// commits, so that a publisher with a disk of its own needs only the last number it applied.
//
// The served set is, for each basis and category, the union over orders: an order is in the set
// from its `add` to its `remove`. Two orders may hold one name for a moment (a renewal); the name
// leaves with the last of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "cases/scope.h"
#include "cases/states.h"
#include "store/executor.h"

namespace khien::cases {

constexpr int publication_batch_max = 10'000;  // rows of one read

enum class PublicationAction : std::uint8_t { add, remove };

struct Publication {
  std::int64_t sequence = 0;  ///< 1, 2, 3… without gaps, in the order of commits
  PublicationAction action = PublicationAction::add;
  OrderId order;
  std::string order_number;
  Basis basis = Basis::orders;  ///< orders or emergency
  Category category = Category::phishing;
  std::string name;  ///< A-labels, lower case, no final dot; or an address, prefix, web address
  Scope scope = Scope::host;
  InstantMs at_ms = 0;
  /// Of an add: the instant after which it must not be served, whatever happens to the database.
  InstantMs serve_until_ms = 0;
  /// Of an add: its order is of class A, has its second signature, and was signed for exactly this
  /// name and scope. What the impact check found was therefore decided, and is no accident.
  bool two_signers = false;
  bool served_before = false;  ///< record_published() has noted it
};

/// The rows after `sequence`, oldest first, at most `limit` (≤ publication_batch_max).
[[nodiscard]] Result<std::vector<Publication>> publications_after(store::Executor& db,
                                                                  std::int64_t sequence,
                                                                  int limit = 1'000);
/// The last number given out; 0 before the first.
[[nodiscard]] Result<std::int64_t> last_publication(store::Executor& db);
/// The serial with which each zone is known to have been served last. Serials go round (RFC 1982):
/// the last is not the largest.
[[nodiscard]] Result<std::vector<std::uint32_t>> last_serials(store::Executor& db);
/// Every order in force now, as adds in the order of their sequence: to build zones whole, and for
/// the monitor that compares register, log and served zones. At most publication_batch_max after
/// `sequence`; page by the last item's sequence.
[[nodiscard]] Result<std::vector<Publication>> orders_in_force(store::Executor& db,
                                                               std::int64_t sequence = 0);

/// One time in which an order's rule was in the served set.
struct Standing {
  Basis basis = Basis::orders;
  Category category = Category::phishing;
  std::string name;
  InstantMs from_ms = 0;
  std::optional<InstantMs> until_ms;      ///< none: it stands
  std::optional<InstantMs> succeeded_ms;  ///< when another order brought the same rule after it
};
/// All of them, oldest first; none for an order that never was in force.
[[nodiscard]] Result<std::vector<Standing>> order_standings(store::Executor& db, const OrderId& id);

struct PublishedNote {
  std::int64_t sequence = 0;  ///< of the publication row that was applied
  std::string zone;           ///< "orders-phishing.rpz.khien."
  std::int64_t serial = 0;    ///< SOA serial with which it is served
};
/// Our primary serves the row. An add moves its order from approved to published (leaf
/// order.published), a remove from lifted or lapsed to lift_published (leaf order.lift_published);
/// enforcement rows for every followed resolver begin, if it names hosts. Saying it twice changes
/// nothing.
[[nodiscard]] Result<void> record_published(store::Transaction& tx, const Context& context,
                                            const PublishedNote& note);

/// The event, and leaf, of an order that was taken out of the zones, or kept out, at the publisher.
inline constexpr std::string_view order_withdrawn = "order.withdrawn";

/// The publisher does not serve the order (any more).
struct WithdrawnNote {
  OrderId order;
  std::string zone;  ///< id, "orders-phishing"
  std::optional<std::int64_t> serial =
      {};                   ///< to which the zone was rolled back; none: a rejection
  std::string reason = {};  ///< of the person at the publisher; may be empty
};
/// An order in force is suspended with that reason (leaf order.withdrawn), so that the register
/// says what the zones do; it comes back when somebody resumes it. Any other stays as it is: saying
/// it twice changes nothing. An order that does not exist is passed over.
[[nodiscard]] Result<void> record_withdrawn(store::Transaction& tx, const Context& context,
                                            const WithdrawnNote& note);

// ---- enforcement: order × resolver ----------------------------------------------------------

struct Enforcement {
  std::string resolver;  ///< name of settings.h: "khien-dnsd", "unbound"
  EnforcementState state = EnforcementState::pending;
  std::string zone;
  std::int64_t serial = 0;
  InstantMs changed_at_ms = 0;
};
[[nodiscard]] Result<std::vector<Enforcement>> list_enforcement(store::Executor& db,
                                                                const OrderId& id);

/// A resolver's SOA of `zone` shows `serial`: every pending row with a serial at or before it on
/// the circle of RFC 1982 is applied. Orders whose rows are all applied or verified become
/// enforced. Returns how many rows changed.
[[nodiscard]] Result<std::int64_t> record_applied(store::Transaction& tx, const Context& context,
                                                  std::string_view resolver, std::string_view zone,
                                                  std::int64_t serial);

enum class ProbeVerdict : std::uint8_t {
  enforced,      ///< answered as ordered
  not_enforced,  ///< answered as if there were no order
  broken,        ///< no usable answer: changes nothing
};
/// What a probe saw. A block that all resolvers enforce makes the order verified (leaf
/// order.verified), a lift that none enforces any more makes it lift_verified (leaf
/// order.lift_verified); a verified block that is gone becomes drifted and the order goes back to
/// published (leaf order.drifted). not_found if the order was never published to that resolver.
[[nodiscard]] Result<void> record_probe(store::Transaction& tx, const Context& context,
                                        const OrderId& id, std::string_view resolver,
                                        ProbeVerdict verdict);
/// What probes should ask next: rows that are not verified, oldest first, with name and state.
struct ProbeTarget {
  OrderId order;
  std::string resolver;
  std::string name;
  Scope scope = Scope::host;
  Category category = Category::phishing;
  EnforcementState state = EnforcementState::pending;
};
[[nodiscard]] Result<std::vector<ProbeTarget>> probe_targets(store::Executor& db, int limit);

}  // namespace khien::cases
