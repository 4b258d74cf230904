// An upstream's answer, checked and made fit to be passed on and kept: OPT taken off but for its
// extended error, the places of its TTLs and the names in it that policy must see collected, its
// time to live found. Nothing here allocates.
#pragma once

#include <array>
#include <span>

#include "dns/edns.h"
#include "dns/message.h"
#include "resolver/answer_addresses.h"
#include "resolver/packet_cache.h"

namespace khien::resolver {

class UpstreamAnswer {
 public:
  /// Reads `message` and shortens it in place where OPT stands. false: malformed. Answers with more
  /// than cached_ttls_max records or too many names are malformed for us.
  [[nodiscard]] bool read(std::span<std::uint8_t> message) noexcept;

  [[nodiscard]] Bytes message() const noexcept { return message_; }
  [[nodiscard]] std::uint16_t rcode() const noexcept { return rcode_; }
  [[nodiscard]] bool truncated() const noexcept { return truncated_; }
  /// Seconds for which it may be kept; 0: not at all.
  [[nodiscard]] std::uint32_t ttl_s() const noexcept { return ttl_s_; }
  [[nodiscard]] std::span<const std::uint16_t> ttl_at() const noexcept {
    return std::span{ttl_at_}.first(ttl_count_);
  }
  /// Targets of CNAME, DNAME, SVCB and HTTPS in the answer section: wire names in a row.
  [[nodiscard]] Bytes targets() const noexcept { return Bytes{targets_}.first(targets_size_); }
  /// The first EDE of the upstream as option data (RFC 8914), fit to be passed on: a text that is
  /// too long, no UTF-8 or holds control characters is left out. Empty: none. No other option of
  /// the upstream's leaves this object.
  [[nodiscard]] Bytes extended() const noexcept { return Bytes{extended_}.first(extended_size_); }
  /// The addresses in the answer section, as answer_addresses.h says.
  template <typename Visit>
  void for_each_address(Visit&& visit) const {
    resolver::for_each_address(
        message_, ttl_count_, [this](std::size_t i) { return std::size_t{ttl_at_[i]}; }, visit);
  }

 private:
  [[nodiscard]] bool read_record(Bytes message, const dns::RecordView& record,
                                 std::uint16_t qtype) noexcept;
  [[nodiscard]] bool add_target(dns::NameView name) noexcept;
  void read_opt(const dns::RecordView& record) noexcept;

  std::span<std::uint8_t> message_;
  std::uint16_t rcode_ = 0;
  bool truncated_ = false;
  std::uint32_t ttl_s_ = 0;
  std::uint32_t answer_ttl_s_ = 0;
  std::uint32_t negative_ttl_s_ = 0;
  bool has_answer_ = false;  // a record of the type that was asked for
  bool has_soa_ = false;
  std::size_t ttl_count_ = 0;
  std::size_t targets_size_ = 0;
  std::size_t extended_size_ = 0;
  std::array<std::uint16_t, cached_ttls_max> ttl_at_;
  std::array<std::uint8_t, cached_targets_size_max> targets_;
  std::array<std::uint8_t, relayed_extended_size_max> extended_;
};

}  // namespace khien::resolver
