// What is written into the public log: one leaf for each decision, made in the transaction of the
// decision itself, so that neither exists without the other. Anyone may read leaves for ever, so
// they hold ids, codes, instants and hashes; never a name, a text, a number or an address. What
// must be provable later without being shown goes in as a salted commitment.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"
#include "store/executor.h"

namespace khien::ledger {

struct LeafTag;
using LeafId = Id<LeafTag>;

/// Leaves wake the sequencer on this channel.
constexpr std::string_view leaf_channel = "ledger";
/// The most fields of a leaf, octets of a text value, and octets of the whole.
constexpr std::size_t leaf_fields_max = 32;
constexpr std::size_t leaf_text_size_max = 256;
constexpr std::size_t leaf_size_max = 16 * 1024;

struct LeafField {
  std::string key;  ///< one of allowed_leaf_keys()
  std::variant<std::int64_t, std::string> value;
};

struct LeafDraft {
  std::string type;  ///< "order.approved": lower-case words with '.', '_' or '-'
  std::vector<LeafField> fields = {};
};

/// The closed list of keys. A new one is a change of leaf_keys.cpp, reviewed with one question: can
/// what stands behind it ever be about a person?
[[nodiscard]] std::span<const std::string_view> allowed_leaf_keys() noexcept;

/// Writes the leaf with the caller's transaction; the sequencer gives it its place afterwards.
///
/// invalid_argument with reason "leaf_key" for a key that is not allowed or stands twice,
/// "leaf_text" for a text that is not 1..256 printable ASCII characters without space (ids, codes,
/// hexadecimal hashes pass; names and sentences do not), "leaf_type" for a bad type, "leaf_number"
/// beyond ±(2^53-1); limit_exceeded for too many fields.
[[nodiscard]] Result<LeafId> append(store::Transaction& tx, const Clock& clock, Rng& rng,
                                    const LeafDraft& draft);

/// The octets of a leaf: {"at_ms":…,"fields":{…},"id":"…","type":"…"} by RFC 8785. Errors as
/// append().
[[nodiscard]] Result<std::string> leaf_text(const LeafId& id, InstantMs at_ms,
                                            const LeafDraft& draft);

/// Binds us to `value` without showing it: hexadecimal SHA-256 over a tag, the sizes, `salt` and
/// `value`. The salt is at least 16 random octets, kept beside the value and deleted with it; after
/// that the commitment says nothing.
[[nodiscard]] std::string commitment(std::string_view salt, std::string_view value);

/// 32 hexadecimal characters of randomness.
[[nodiscard]] std::string new_salt(Rng& rng);

}  // namespace khien::ledger
