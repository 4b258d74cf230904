// The public register: who ordered what, on which ground, until when, and how it ended. It shows
// bodies, never persons; names of child abuse only as salted commitments. It holds every order that
// ever came into force and nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/ids.h"
#include "cases/page.h"
#include "cases/scope.h"
#include "cases/settings.h"
#include "cases/states.h"
#include "store/executor.h"
#include "text/suffix_list.h"

namespace khien::cases {

struct RegisterSignature {
  std::string move;    ///< propose, approve, emergency, ratify
  std::string method;  ///< webauthn: anyone can verify it; totp: the server attests it
  std::string digest;
  InstantMs at_ms = 0;
};

struct RegisterEntry {
  OrderId order;
  std::string number;
  Category category = Category::phishing;
  std::string name;  ///< or its commitment where `name_hidden`
  bool name_hidden = false;
  std::string display;  ///< Unicode form of the name; empty where hidden
  Scope scope = Scope::host;
  OrderState state = OrderState::approved;
  bool in_force = false;
  bool withdrawn = false;  ///< suspended, because the publisher took it out or kept it out
  bool emergency = false;
  bool one_signature = false;  ///< an emergency order that nobody ratified
  std::string body;            ///< the authority's name on the day of the order
  LegalInstrument ground;
  std::string reason;  ///< empty where the name is hidden
  InstantMs valid_from_ms = 0;
  InstantMs valid_until_ms = 0;
  std::optional<InstantMs> ended_at_ms;
  std::string end_reason;
  std::vector<RegisterSignature> signatures;  ///< empty in lists
  std::int64_t cursor = 0;
};

struct RegisterFilter {
  std::string query = {};  ///< part of a name (never matches hidden ones), or a number
  std::optional<Category> category = {};
  bool in_force_only = false;
};
[[nodiscard]] Result<Page<RegisterEntry>> list_register(store::Executor& db,
                                                        const RegisterFilter& filter,
                                                        const PageRequest& page);
/// not_found for an order that never came into force.
[[nodiscard]] Result<RegisterEntry> load_register_entry(store::Executor& db, const OrderId& id);
/// The ledger leaves of an order in their order, for proofs: ids as ledger::append gave them.
[[nodiscard]] Result<std::vector<std::string>> order_leaves(store::Executor& db, const OrderId& id);

/// An order that the register shows as in force, with what proves that ledger and zones mean the
/// same. For the machine alone: names of child abuse stand in it.
struct InForce {
  OrderId order;
  Basis basis = Basis::orders;
  Category category = Category::phishing;
  std::string name;
  std::string name_commitment;  ///< as the leaves of the order have it
  Scope scope = Scope::host;
};
/// All of them by id, after the order `after` at most 10,000.
[[nodiscard]] Result<std::vector<InForce>> orders_shown_in_force(store::Executor& db,
                                                                 const OrderId& after = {});

struct Lookup {
  std::string name;                     ///< normalised
  std::string registrable_domain;       ///< empty where there is none
  std::vector<RegisterEntry> blocking;  ///< in force, of this name or what covers it
  std::vector<RegisterEntry> past;      ///< ended, of this very name; at most 20
  bool reported = false;                ///< suspected or confirmed by a person, and no order
};
/// "Is this known": there is no answer "safe". `written` is a name, URL, address or prefix;
/// malformed if it is none. Of a URL orders on its host, on the page and on pages above it are
/// found. For child-abuse the asker knows the name already, so it is found, and not repeated.
[[nodiscard]] Result<Lookup> look_up(store::Executor& db, const text::PublicSuffixList& suffixes,
                                     std::string_view written);

}  // namespace khien::cases
