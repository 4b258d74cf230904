#include "codec/cbor.h"

#include <limits>

#include "codec/utf8.h"

namespace khien::codec {

// A cursor over the input. Every length is compared with what is left before it is used, and no
// container is reserved by a length that the input only claims.
class CborReader {
 public:
  explicit CborReader(Bytes data) : data_(data) {}
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

  Result<Cbor> item(std::size_t depth) {
    if (depth > cbor_depth_max) return fail(ErrorCode::limit_exceeded, "CBOR is nested too deep");
    if (++items_ > cbor_items_max)
      return fail(ErrorCode::limit_exceeded, "CBOR has too many items");
    if (at_ == data_.size()) return truncated();
    const std::uint8_t first = data_[at_++];
    const std::uint8_t major = first >> 5;
    const std::uint8_t info = first & 31;
    if (major == 7) return simple(info);
    const auto argument = read_argument(info);
    if (!argument) return tl::unexpected<Error>{argument.error()};
    switch (major) {
      case 0: return integer(*argument, Sign::positive);
      case 1: return integer(*argument, Sign::negative);
      case 2: return byte_string(*argument);
      case 3: return text_string(*argument);
      case 4: return array(*argument, depth);
      case 5: return map(*argument, depth);
      default: return fail(ErrorCode::malformed, "CBOR tags are not taken");
    }
  }

 private:
  enum class Sign { positive, negative };

  static tl::unexpected<Error> truncated() {
    return fail(ErrorCode::malformed, "CBOR is cut short");
  }

  static Result<Cbor> simple(std::uint8_t info) {
    if (info == 20) return Cbor{Cbor::Value{false}};
    if (info == 21) return Cbor{Cbor::Value{true}};
    if (info == 22) return Cbor{Cbor::Value{nullptr}};
    return fail(ErrorCode::malformed, "CBOR simple value or float is not taken");
  }

  Result<std::uint64_t> read_argument(std::uint8_t info) {
    if (info < 24) return std::uint64_t{info};
    if (info > 27) return fail(ErrorCode::malformed, "CBOR of indefinite size is not taken");
    const std::size_t size = std::size_t{1} << (info - 24);
    if (size > data_.size() - at_) return truncated();
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) value = value << 8 | data_[at_++];
    const std::uint64_t shorter_max = size == 1 ? 23 : (std::uint64_t{1} << (4 * size)) - 1;
    if (value <= shorter_max)
      return fail(ErrorCode::malformed, "CBOR number is not in shortest form");
    return value;
  }

  static Result<Cbor> integer(std::uint64_t argument, Sign sign) {
    if (argument > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return fail(ErrorCode::malformed, "CBOR integer beyond 64 signed bits");
    const auto value = static_cast<std::int64_t>(argument);
    return Cbor{Cbor::Value{sign == Sign::negative ? -1 - value : value}};
  }

  Result<Bytes> take(std::uint64_t size) {
    if (size > data_.size() - at_) return truncated();
    const Bytes taken = data_.subspan(at_, static_cast<std::size_t>(size));
    at_ += taken.size();
    return taken;
  }

  Result<Cbor> byte_string(std::uint64_t size) {
    const auto taken = take(size);
    if (!taken) return tl::unexpected<Error>{taken.error()};
    return Cbor{Cbor::Value{to_octets(*taken)}};
  }

  Result<Cbor> text_string(std::uint64_t size) {
    const auto taken = take(size);
    if (!taken) return tl::unexpected<Error>{taken.error()};
    if (!is_utf8(as_text(*taken))) return fail(ErrorCode::malformed, "CBOR text is not UTF-8");
    return Cbor{Cbor::Value{to_text(*taken)}};
  }

  Result<Cbor> array(std::uint64_t count, std::size_t depth) {
    Cbor::Array items;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto next = item(depth + 1);
      if (!next) return next;
      items.push_back(std::move(*next));
    }
    return Cbor{Cbor::Value{std::move(items)}};
  }

  Result<Cbor> map(std::uint64_t count, std::size_t depth) {
    Cbor::Map members;
    for (std::uint64_t i = 0; i < count; ++i) {
      auto key = item(depth + 1);
      if (!key) return key;
      for (const auto& member : members) {
        if (member.first == *key) return fail(ErrorCode::malformed, "CBOR map has a key twice");
      }
      auto value = item(depth + 1);
      if (!value) return value;
      members.emplace_back(std::move(*key), std::move(*value));
    }
    return Cbor{Cbor::Value{std::move(members)}};
  }

  Bytes data_;
  std::size_t at_ = 0;
  std::size_t items_ = 0;
};

Result<Cbor::Read> Cbor::read_first(Bytes data) {
  CborReader reader{data};
  auto item = reader.item(1);
  if (!item) return tl::unexpected<Error>{item.error()};
  return Read{.item = std::move(*item), .size = reader.at()};
}

Result<Cbor> Cbor::read(Bytes data) {
  auto first = read_first(data);
  if (!first) return tl::unexpected<Error>{first.error()};
  if (first->size != data.size()) return fail(ErrorCode::malformed, "data after the CBOR item");
  return std::move(first->item);
}

std::optional<std::int64_t> Cbor::integer() const noexcept {
  const auto* value = std::get_if<std::int64_t>(&value_);
  return value == nullptr ? std::nullopt : std::optional{*value};
}
const Octets* Cbor::bytes() const noexcept { return std::get_if<Octets>(&value_); }
const std::string* Cbor::text() const noexcept { return std::get_if<std::string>(&value_); }
const Cbor::Array* Cbor::array() const noexcept { return std::get_if<Array>(&value_); }
const Cbor::Map* Cbor::map() const noexcept { return std::get_if<Map>(&value_); }

const Cbor* Cbor::find(std::string_view key) const noexcept {
  if (map() == nullptr) return nullptr;
  for (const auto& [name, value] : *map()) {
    if (name.text() != nullptr && *name.text() == key) return &value;
  }
  return nullptr;
}

const Cbor* Cbor::find(std::int64_t key) const noexcept {
  if (map() == nullptr) return nullptr;
  for (const auto& [name, value] : *map()) {
    if (name.integer() == key) return &value;
  }
  return nullptr;
}

}  // namespace khien::codec
