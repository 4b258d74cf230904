#include "ledger/leaf.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/hash.h"

namespace khien::ledger {
namespace {

constexpr std::string_view commitment_tag = "khien commitment v1";
constexpr std::size_t salt_size = 16;
constexpr std::size_t type_size_max = 64;
// The largest integer that every JSON reader keeps exact (RFC 8785 section 3.2.2.3).
constexpr std::int64_t number_max = (std::int64_t{1} << 53) - 1;

constexpr std::string_view sql_append =
    "INSERT INTO ledger_leaf (id, type, at_ms, entry) VALUES ($1, $2, $3, $4)";

bool is_type(std::string_view type) noexcept {
  return !type.empty() && type.size() <= type_size_max &&
         std::all_of(type.begin(), type.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
         });
}

// Printable ASCII without space: enough for ids and codes, useless for a name or a sentence.
bool is_code(std::string_view text) noexcept {
  return !text.empty() && text.size() <= leaf_text_size_max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Result<void> set_field(codec::Json& fields, const LeafField& field) {
  const auto allowed = allowed_leaf_keys();
  if (std::find(allowed.begin(), allowed.end(), field.key) == allowed.end()) {
    return fail(ErrorCode::invalid_argument, fmt::format("a leaf has no field {}", field.key),
                "leaf_key");
  }
  if (fields.find(field.key) != nullptr) {
    return fail(ErrorCode::invalid_argument, fmt::format("field {} stands twice", field.key),
                "leaf_key");
  }
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    if (*number > number_max || *number < -number_max) {
      return fail(ErrorCode::invalid_argument, fmt::format("field {} is too large", field.key),
                  "leaf_number");
    }
    fields.set(field.key, *number);
    return {};
  }
  const auto& text = std::get<std::string>(field.value);
  if (!is_code(text)) {
    return fail(ErrorCode::invalid_argument, fmt::format("field {} is not a code", field.key),
                "leaf_text");
  }
  fields.set(field.key, text);
  return {};
}

void add_sized(crypto::Sha256& hash, std::string_view text) {
  std::array<std::uint8_t, 8> size{};
  for (std::size_t i = 0; i < size.size(); ++i) {
    size[i] = static_cast<std::uint8_t>(std::uint64_t{text.size()} >> (8 * (7 - i)));
  }
  hash.update(size).update(text);
}

}  // namespace

Result<std::string> leaf_text(const LeafId& id, InstantMs at_ms, const LeafDraft& draft) {
  if (!is_type(draft.type)) {
    return fail(ErrorCode::invalid_argument, "a leaf has a bad type", "leaf_type");
  }
  if (draft.fields.size() > leaf_fields_max) {
    return fail(ErrorCode::limit_exceeded, "a leaf has too many fields", "leaf_fields_max");
  }
  auto fields = codec::Json::object();
  for (const auto& field : draft.fields) {
    if (auto set = set_field(fields, field); !set) {
      return tl::unexpected<Error>{std::move(set).error()};
    }
  }
  const auto leaf = codec::Json::object(
      {{"id", id.value}, {"type", draft.type}, {"at_ms", at_ms}, {"fields", std::move(fields)}});
  auto text = leaf.canonical();
  if (!text) return propagate(std::move(text).error(), "write leaf");
  if (text->size() > leaf_size_max) {
    return fail(ErrorCode::limit_exceeded, "a leaf is too large", "leaf_size_max");
  }
  return text;
}

Result<LeafId> append(store::Transaction& tx, const Clock& clock, Rng& rng,
                      const LeafDraft& draft) {
  const auto at_ms = clock.now_ms();
  auto id = LeafId::make(clock, rng);
  auto text = leaf_text(id, at_ms, draft);
  if (!text) return propagate(std::move(text).error(), "append " + draft.type);
  auto added = tx.execute(sql_append, {id, draft.type, at_ms, *text});
  if (!added) return propagate(std::move(added).error(), "append " + draft.type);
  tx.notify(leaf_channel);
  return id;
}

std::string commitment(std::string_view salt, std::string_view value) {
  crypto::Sha256 hash;
  add_sized(hash, commitment_tag);
  add_sized(hash, salt);
  add_sized(hash, value);
  return codec::hex(hash.finish());
}

std::string new_salt(Rng& rng) {
  std::array<std::uint8_t, salt_size> octets{};
  rng.fill(octets);
  return codec::hex(octets);
}

}  // namespace khien::ledger
