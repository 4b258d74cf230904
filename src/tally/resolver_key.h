// The keys with which resolvers report. A key is shown once and kept as its SHA-256; whoever reads
// the database cannot report with it. Adding and revoking one is an operator's act on the server
// and a leaf of the public log (docs/adr/0701-configuration.md); the leaf holds the key's id, never
// the resolver's name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "store/database.h"
#include "tally/context.h"

namespace khien::tally {

constexpr std::size_t resolvers_max = 256;          // with a key in use
constexpr std::size_t resolver_name_size_max = 32;  // a-z 0-9 -
constexpr std::size_t decision_size_max = 2'000;    // octets
constexpr std::string_view key_prefix = "khr_";     // so that a leaked one is known for what it is
constexpr std::size_t key_text_size = 4 + 43;       // and base64url of 32 octets

struct ResolverKeyTag;
using ResolverKeyId = Id<ResolverKeyTag>;

/// How a key came to be or to an end; the leaf names the basis, the row keeps the decision.
struct KeyAct {
  std::string_view basis;     ///< a code: "operator" or "demo"
  std::string_view decision;  ///< what it rests on: 3 octets at least
};

/// The key's text. invalid_argument "bad_name", "reason_needed"; conflict "resolver_exists" where
/// the resolver has one in use; limit_exceeded "too_many_resolvers". Leaf resolver_key.added.
[[nodiscard]] Result<std::string> add_resolver(store::Transaction& tx, const Context& context,
                                               std::string_view name, const KeyAct& act);
/// Its key opens nothing from then on. not_found without one in use; "reason_needed". Leaf
/// resolver_key.revoked.
[[nodiscard]] Result<void> revoke_resolver(store::Transaction& tx, const Context& context,
                                           std::string_view name, const KeyAct& act);

/// Who reports, left by the gate for the handler.
struct Resolver {
  std::string name;
};
/// The resolver whose key in use this is: found by the key's hash, so that neither the look-up nor
/// its time depends on how much of a key was guessed. denied "resolver_key" for every other text.
[[nodiscard]] Result<Resolver> resolve_key(store::Database& database, std::string_view key);

struct ResolverFacts {
  std::string name;
  InstantMs added_at_ms = 0;
  std::optional<InstantMs> revoked_at_ms;
  std::optional<InstantMs> last_report_ms;  ///< end of the last report that is remembered
  std::int64_t reports = 0;                 ///< remembered: of the last week
  std::int64_t untold = 0;                  ///< by its own account: too few, or no room there
  std::int64_t left_out = 0;                ///< rows that we did not keep
};
/// Each name once, with its newest key, by name.
[[nodiscard]] Result<std::vector<ResolverFacts>> list_resolvers(store::Executor& db);
/// How many resolvers with a key in use have told something since `since_ms`.
[[nodiscard]] Result<std::int64_t> count_reporting(store::Executor& db, InstantMs since_ms);

}  // namespace khien::tally
