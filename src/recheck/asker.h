// Looks at a name through resolvers of the operator's choice that filter nothing. It asks those
// resolvers and nobody else: the name's own servers and sites are never contacted from here. Three
// questions a look: NS and SOA of the registrable domain, A of the name. Of the last only whether
// the name exists is read. Addresses are told to who looks at a page (page_looker.h), and stay
// there.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "net/address.h"
#include "recheck/look.h"
#include "text/suffix_list.h"

namespace khien::recheck {

constexpr int ask_timeout_ms = 1'500;  // of one question at one resolver
constexpr std::size_t resolvers_max = 4;

class Asker {
 public:
  struct Options {
    std::vector<net::SocketAddress> resolvers;  ///< the first that answers a question counts
    std::string control;  ///< a good name that must exist, or nothing that is seen counts
    int timeout_ms = ask_timeout_ms;
  };
  /// All borrowed for its life; one thread.
  Asker(Options options, const text::PublicSuffixList& suffixes, const Clock& clock, Rng& rng)
      : options_(std::move(options)), suffixes_(suffixes), clock_(clock), rng_(rng) {}

  /// A look at `name` (lower-case A-labels). Never an error: what fails is LookOutcome::failed.
  /// Blocks for 3 questions × resolvers × timeout_ms at most.
  [[nodiscard]] Look look(std::string_view name);
  /// Where `host` is reached now, a few of A and AAAA: to connect to, never to keep. Empty where
  /// nothing usable was told. Blocks for 2 questions × resolvers × timeout_ms at most.
  [[nodiscard]] std::vector<net::IpAddress> addresses_of(std::string_view host);
  /// Whether the control name exists for the resolvers: unavailable if not, with which it is.
  [[nodiscard]] Result<void> check();

  /// The domain whose registration a name stands and falls with: suffix of a registry + 1 label.
  /// Names below a hosting platform's suffix stand with the platform's domain.
  [[nodiscard]] std::string domain_of(std::string_view name) const;

 private:
  struct Answer;
  [[nodiscard]] Answer ask(const std::string& name, std::uint16_t qtype);

  Options options_;
  const text::PublicSuffixList& suffixes_;
  const Clock& clock_;
  Rng& rng_;
};

}  // namespace khien::recheck
