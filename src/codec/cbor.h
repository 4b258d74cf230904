// Reading CBOR (RFC 8949), as much as WebAuthn and COSE send: integers, byte and text strings,
// arrays, maps, false, true, null. Indefinite sizes, tags, floats, other simple values, integers
// not in their shortest form and duplicate keys are refused: CTAP2 authenticators must not send
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace khien::codec {

constexpr std::size_t cbor_depth_max = 8;  // CTAP2 allows 4
constexpr std::size_t cbor_items_max = 1'024;

class Cbor {
 public:
  using Array = std::vector<Cbor>;
  using Map = std::vector<std::pair<Cbor, Cbor>>;

  /// Reads the one item at the start of `data` and says how many octets it took: COSE keys are
  /// followed by other data. malformed or limit_exceeded; never reads beyond `data`.
  struct Read;
  [[nodiscard]] static Result<Read> read_first(Bytes data);
  /// Reads `data` as exactly one item.
  [[nodiscard]] static Result<Cbor> read(Bytes data);

  // The value, or nothing where the type is another. Pointers are borrowed.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
  [[nodiscard]] const Octets* bytes() const noexcept;
  [[nodiscard]] const std::string* text() const noexcept;
  [[nodiscard]] const Array* array() const noexcept;
  [[nodiscard]] const Map* map() const noexcept;
  /// The value under a text or integer key of a map, or nullptr.
  [[nodiscard]] const Cbor* find(std::string_view key) const noexcept;
  [[nodiscard]] const Cbor* find(std::int64_t key) const noexcept;

  friend bool operator==(const Cbor&, const Cbor&) = default;

 private:
  friend class CborReader;
  using Value = std::variant<std::nullptr_t, bool, std::int64_t, Octets, std::string, Array, Map>;
  Cbor() = default;
  explicit Cbor(Value value) : value_(std::move(value)) {}
  Value value_ = nullptr;
};

struct Cbor::Read {
  Cbor item;
  std::size_t size;  ///< octets taken
};

}  // namespace khien::codec
