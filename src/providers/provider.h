// Who enforces orders for whom: an Internet provider, a school network, an agency, or we ourselves;
// its resolvers, how it is reached, and how long it may take. Entering and changing one is an
// operator's act on the server and a leaf of the public log (docs/adr/0701-configuration.md); the
// leaf holds an id, never a name or an address.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "net/address.h"
#include "providers/context.h"
#include "store/executor.h"

namespace khien::providers {

constexpr std::size_t providers_max = 64;           // in use
constexpr std::size_t provider_resolvers_max = 8;   // of one, in use
constexpr std::size_t provider_name_size_max = 32;  // a-z 0-9 -
constexpr std::size_t provider_title_size_max = 200;
constexpr std::size_t landing_max = 8;  // addresses
constexpr std::size_t egress_max = 8;   // prefixes
constexpr std::int64_t due_minutes_default = 120;
constexpr std::int64_t due_minutes_min = 5;
constexpr std::int64_t due_minutes_max = 7 * 24 * 60;
/// A lift is due no later than this, however long a block may take.
constexpr std::int64_t lift_due_minutes_max = 60;
constexpr std::size_t decision_size_max = 2'000;  // octets

struct ProviderTag;
using ProviderId = Id<ProviderTag>;

enum class ProviderKind : std::uint8_t { isp, school, agency, own };
[[nodiscard]] std::string_view to_string(ProviderKind kind) noexcept;
[[nodiscard]] std::optional<ProviderKind> parse_provider_kind(std::string_view word) noexcept;

/// How a change came to be; the leaf names the basis, the row keeps the decision.
struct Act {
  std::string_view basis;     ///< a code: "operator" or "demo"
  std::string_view decision;  ///< what it rests on: 3 octets at least
};

struct ProviderResolver {
  net::SocketAddress address;
  /// Where its own questions come from, where that is known; empty: anywhere.
  std::vector<net::Prefix> egress = {};
};

/// What can change; from now on.
struct Terms {
  std::string contact = {};  ///< mail address of its people; empty: none
  std::int64_t due_minutes = due_minutes_default;
  std::vector<net::IpAddress> landing = {};  ///< of its page about blocked names
};

struct ProviderDraft {
  std::string name;   ///< 1 to 32 of a-z, 0-9 and -
  std::string title;  ///< as people call it
  ProviderKind kind = ProviderKind::isp;
  Terms terms;
  std::vector<ProviderResolver> resolvers;
};

struct Provider {
  ProviderId id;
  std::string name;
  std::string title;
  ProviderKind kind = ProviderKind::isp;
  InstantMs added_at_ms = 0;
  std::optional<InstantMs> ended_at_ms;
  std::int64_t due_minutes = due_minutes_default;
  std::vector<net::IpAddress> landing;
  bool has_contact = false;
  std::vector<ProviderResolver> resolvers;  ///< in use

  /// How long it may take, by what is expected.
  [[nodiscard]] std::int64_t block_due_ms() const noexcept { return due_minutes * ms_per_minute; }
  [[nodiscard]] std::int64_t lift_due_ms() const noexcept;
};

/// invalid_argument "bad_name", "bad_title", "bad_contact", "bad_due", "too_many_resolvers",
/// "too_many_addresses", "reason_needed"; conflict "provider_exists"; limit_exceeded
/// "too_many_providers". Leaf provider.added.
[[nodiscard]] Result<ProviderId> add_provider(store::Transaction& tx, const Context& context,
                                              const ProviderDraft& draft, const Act& act);
/// Replaces terms and resolvers from now on. not_found. Leaf provider.changed.
[[nodiscard]] Result<void> change_provider(store::Transaction& tx, const Context& context,
                                           const ProviderId& id, const Terms& terms,
                                           const std::vector<ProviderResolver>& resolvers,
                                           const Act& act);
/// Its probes are revoked with it; what was found stays. Leaf provider.ended.
[[nodiscard]] Result<void> end_provider(store::Transaction& tx, const Context& context,
                                        const ProviderId& id, const Act& act);

[[nodiscard]] Result<Provider> load_provider(store::Executor& db, const ProviderId& id);
/// The one in use with that name. not_found.
[[nodiscard]] Result<Provider> find_provider(store::Executor& db, std::string_view name);
/// Those in use, by name.
[[nodiscard]] Result<std::vector<Provider>> list_providers(store::Executor& db);
/// The mail address of its people; empty if there is none. corrupt if it cannot be opened.
[[nodiscard]] Result<std::string> read_contact(store::Executor& db, const Context& context,
                                               const ProviderId& id);

/// The words of an act, checked: invalid_argument "reason_needed".
[[nodiscard]] Result<std::string> clean_decision(std::string_view decision);
/// True for 1 to 32 of a-z, 0-9 and -, not begun by -.
[[nodiscard]] bool is_provider_name(std::string_view name) noexcept;

}  // namespace khien::providers
