#include "dns/relocate.h"

#include <cstring>

#include "dns/rdata_layout.h"

namespace khien::dns {
namespace {

constexpr std::uint8_t pointer_mark = 0xC0;
constexpr std::size_t pointer_max = 0x3FFF;

class Mover {
 public:
  Mover(Bytes message, const Relocation& relocation, std::span<std::uint8_t> out) noexcept
      : message_(message), relocation_(relocation), out_(out), at_(relocation.records_at) {}

  /// One record, its pointers corrected in the copy.
  bool record() noexcept {
    constexpr std::size_t head_size = 10;  // type, class, TTL, RDLENGTH
    if (!name() || head_size > message_.size() - at_) return false;
    const std::uint16_t type = load_u16(message_, at_);
    const std::size_t size = load_u16(message_, at_ + 8);
    at_ += head_size;
    if (size > message_.size() - at_) return false;
    return rdata(type, at_ + size);
  }
  [[nodiscard]] bool at_end() const noexcept { return at_ == message_.size(); }

 private:
  bool name() noexcept {
    while (at_ < message_.size()) {
      const std::uint8_t octet = message_[at_];
      if ((octet & pointer_mark) == pointer_mark) return pointer();
      at_ += 1 + std::size_t{octet};
      if (octet == 0) return true;
    }
    return false;
  }
  bool pointer() noexcept {
    if (message_.size() - at_ < 2) return false;
    const std::size_t target = load_u16(message_, at_) & pointer_max;
    std::size_t moved = 0;
    if (target >= relocation_.records_at) {
      moved = target - relocation_.records_at + relocation_.to;
    } else if (target >= header_size) {
      moved = target - header_size + relocation_.question_name_at;
    } else {
      return false;
    }
    if (moved > pointer_max) return false;
    store_u16(out_, at_ - relocation_.records_at + relocation_.to,
              static_cast<std::uint16_t>((std::size_t{pointer_mark} << 8) | moved));
    at_ += 2;
    return true;
  }
  bool rdata(std::uint16_t type, std::size_t end) noexcept {
    for (const Field field : rdata_layout(type)) {
      switch (field) {
        case Field::end:
        case Field::rest:
        case Field::strings: at_ = end; return true;
        case Field::string: at_ += at_ < end ? 1 + std::size_t{message_[at_]} : 1; break;
        case Field::name_compressed:
        case Field::name_expanded:
        case Field::name_plain:
          if (!name()) return false;
          break;
        default: at_ += fixed_size(field); break;
      }
      if (at_ > end) return false;
    }
    return at_ <= end;
  }

  Bytes message_;
  const Relocation& relocation_;
  std::span<std::uint8_t> out_;
  std::size_t at_;
};

}  // namespace

std::optional<std::size_t> relocate_records(Bytes message, std::size_t record_count,
                                            const Relocation& relocation,
                                            std::span<std::uint8_t> out) noexcept {
  if (relocation.records_at > message.size() || relocation.to > out.size()) return std::nullopt;
  const Bytes records = message.subspan(relocation.records_at);
  if (records.size() > out.size() - relocation.to) return std::nullopt;
  if (!records.empty()) {
    std::memcpy(out.data() + relocation.to, records.data(), records.size());
  }
  Mover mover{message, relocation, out};
  for (std::size_t i = 0; i < record_count; ++i) {
    if (!mover.record()) return std::nullopt;
  }
  if (!mover.at_end()) return std::nullopt;
  return relocation.to + records.size();
}

}  // namespace khien::dns
