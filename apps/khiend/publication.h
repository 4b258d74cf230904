// Everything between a decision in the database and a resolver that follows us: the zones on disk,
// the publisher that applies decisions to them, the DNS primary that serves them, and the
// followers' file. Carries accepted feeds, too. Holds its own zones, so it serves and lapses with
// the database away.
#pragma once

#include <memory>

#include "base/result.h"
#include "domain.h"
#include "net/address.h"
#include "options.h"
#include "publish/publication_control.h"

namespace khien::publish {
class ListShelf;
}

namespace khien::khiend {

class Publication {
 public:
  /// Opens STATE/zones and begins to serve on options.dns_listen. On a first start it makes a
  /// follower "khien-dnsd" with a key, told at options.verify. `domain` is borrowed. Adds its state
  /// to /healthz.
  [[nodiscard]] static Result<std::unique_ptr<Publication>> start(Domain& domain,
                                                                  const Options& options);
  ~Publication();
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  /// Whose entries in the zones cover a name. Any thread.
  [[nodiscard]] std::vector<publish::Holding> holdings(std::string_view name) const;

  /// What a person may do to it. Any thread.
  [[nodiscard]] publish::PublicationControl& control() const noexcept;

  /// What is served, and which follower has it. Any thread.
  [[nodiscard]] api::PublicationState state() const;
  /// The signed lists for everybody.
  [[nodiscard]] publish::ListShelf& lists() const noexcept;

  /// Where zones are served, with the port that it got.
  [[nodiscard]] net::SocketAddress address() const noexcept;

 private:
  struct Parts;
  static void start_agreement(Domain& domain, Parts& parts);
  static Result<void> join_pair(Domain& domain, const Options& options, Parts& parts);
  static void start_sets(Domain& domain, Parts& parts);
  explicit Publication(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace khien::khiend
