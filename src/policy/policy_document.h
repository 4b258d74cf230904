// The policy document (docs/formats/policies.md): JSON that says which networks there are and what
// each obeys. It is read strictly: one mistake refuses the whole document, with the place as a JSON
// pointer and a reason for the operator.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "policy/policy_book.h"

namespace khien::policy {

constexpr std::size_t policy_document_size_max = std::size_t{16} << 20;  // octets
constexpr std::size_t networks_max = 10'000;                             // of one document
constexpr std::size_t policies_max = 10'000;
constexpr std::size_t network_prefixes_max = 65'536;  // of all networks together
constexpr std::size_t entry_points_max = 65'536;      // listeners, DoT names and DoH paths
constexpr std::size_t own_names_max = 100'000;        // allowed and blocked names together
constexpr std::size_t schedules_max = 64;             // of one policy

struct PolicyDocumentContext {
  HashKey key = {};           ///< of the rules
  Policy others = {};         ///< of who is in no network, unless the document has a "default"
  bool has_sinkhole = false;  ///< whether "sinkhole" leads anywhere
};

/// malformed, limit_exceeded or conflict, with "/networks/3/prefixes/0: …".
[[nodiscard]] Result<std::shared_ptr<const PolicyBook>> read_policies(
    std::string_view text, const PolicyDocumentContext& context);

}  // namespace khien::policy
