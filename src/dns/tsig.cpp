#include "dns/tsig.h"

#include <algorithm>
#include <array>

#include "crypto/hash.h"

namespace khien::dns {
namespace {

// By number of TsigAlgorithm.
constexpr std::array<std::string_view, 2> algorithm_wires{
    std::string_view{"\x0Bhmac-sha256\0", 13}, std::string_view{"\x0Bhmac-sha512\0", 13}};
constexpr std::size_t algorithm_wire_size = 13;
constexpr std::uint16_t error_badtime = 18;
constexpr std::size_t additional_count_at = 10;
constexpr std::uint64_t time_max = 0xFFFF'FFFF'FFFF;  // 48 bits
constexpr std::size_t mac_size_min = 10;              // section 5.2.2.1; and half of the hash

NameView name_of(TsigAlgorithm algorithm) noexcept {
  return NameView::checked(as_bytes(algorithm_wires[static_cast<std::size_t>(algorithm)]));
}

void append(Octets& out, Bytes octets) { out.insert(out.end(), octets.begin(), octets.end()); }

void append_u48(Octets& out, std::uint64_t value) {
  append_u16(out, static_cast<std::uint16_t>(value >> 32));
  append_u32(out, static_cast<std::uint32_t>(value));
}

void append_sized(Octets& out, Bytes octets) {
  append_u16(out, static_cast<std::uint16_t>(octets.size()));
  append(out, octets);
}

std::uint64_t wire_time(std::int64_t now_s) noexcept {
  return now_s < 0 ? 0 : std::min(static_cast<std::uint64_t>(now_s), time_max);
}

/// Which variables go into the digest: all, or only the timers of a stream's later messages.
enum class Covered { variables, timers };

/// RFC 8945 section 4.3: the previous MAC, the message, the variables.
struct DigestInput {
  Bytes previous_mac = {};  // with its length in front; left out if empty
  Bytes pending = {};       // unsigned messages before this one
  Bytes message = {};       // without its TSIG, id and ARCOUNT as before signing
  Covered covered = Covered::variables;
};

Octets mac_of(const TsigKey& key, const DigestInput& input, const Tsig& tsig) {
  Octets data;
  data.reserve(input.message.size() + input.pending.size() + 640);
  if (!input.previous_mac.empty()) append_sized(data, input.previous_mac);
  append(data, input.pending);
  append(data, input.message);
  if (input.covered == Covered::variables) {
    append(data, tsig.key_name.lower().wire());
    append_u16(data, class_any);
    append_u32(data, 0);  // TTL
    append(data, tsig.algorithm.lower().wire());
  }
  append_u48(data, tsig.time_s);
  append_u16(data, tsig.fudge_s);
  if (input.covered == Covered::variables) {
    append_u16(data, tsig.error);
    append_sized(data, tsig.other);
  }
  if (key.algorithm == TsigAlgorithm::hmac_sha512) {
    return to_octets(Bytes{crypto::hmac_sha512(key.secret, data)});
  }
  return to_octets(Bytes{crypto::hmac_sha256(key.secret, data)});
}

Tsig new_tsig(NameView key_name, NameView algorithm, Bytes message, std::uint64_t time_s) {
  return Tsig{.key_name = Name{key_name},
              .algorithm = Name{algorithm},
              .time_s = time_s,
              .fudge_s = tsig_fudge_s,
              .mac = {},
              .original_id = load_u16(message, 0),
              .error = 0,
              .other = {},
              .at = message.size()};
}

Wire<void> append_tsig(Octets& message, const Tsig& tsig) {
  Octets rdata;
  append(rdata, tsig.algorithm.wire());
  append_u48(rdata, tsig.time_s);
  append_u16(rdata, tsig.fudge_s);
  append_sized(rdata, tsig.mac);
  append_u16(rdata, tsig.original_id);
  append_u16(rdata, tsig.error);
  append_sized(rdata, tsig.other);

  const std::size_t record_size = tsig.key_name.size() + 10 + rdata.size();
  if (message.size() > message_size_max || record_size > message_size_max - message.size()) {
    return tl::unexpected(WireError::no_space);
  }
  append(message, tsig.key_name.wire());
  append_u16(message, type_tsig);
  append_u16(message, class_any);
  append_u32(message, 0);
  append_sized(message, rdata);
  const std::uint16_t count = load_u16(message, additional_count_at);
  store_u16(message, additional_count_at, static_cast<std::uint16_t>(count + 1));
  return {};
}

/// The message as it was before it was signed.
Octets unsigned_form(Bytes message, const Tsig& tsig) {
  Octets plain = to_octets(message.first(tsig.at));
  store_u16(plain, 0, tsig.original_id);
  const std::uint16_t count = load_u16(plain, additional_count_at);
  store_u16(plain, additional_count_at, static_cast<std::uint16_t>(count - 1));
  return plain;
}

Wire<Tsig> parse_tsig(const RecordView& record) {
  const auto bad = tl::unexpected(WireError::bad_tsig);
  if (record.section != Section::additional || record.rclass != class_any || record.ttl != 0) {
    return bad;
  }
  const auto algorithm = NameView::parse_prefix(record.rdata);
  if (!algorithm) return bad;
  Bytes rest = record.rdata.subspan(algorithm->size());
  constexpr std::size_t head_size = 10;  // time, fudge, MAC size
  if (head_size > rest.size()) return bad;
  Tsig tsig{.key_name = Name{record.owner.view()},
            .algorithm = Name{*algorithm},
            .time_s = (std::uint64_t{load_u16(rest, 0)} << 32) | load_u32(rest, 2),
            .fudge_s = load_u16(rest, 6),
            .mac = {},
            .original_id = 0,
            .error = 0,
            .other = {},
            .at = record.at};
  const std::size_t mac_size = load_u16(rest, 8);
  rest = rest.subspan(head_size);
  if (mac_size > rest.size()) return bad;
  tsig.mac = to_octets(rest.first(mac_size));
  rest = rest.subspan(mac_size);
  constexpr std::size_t tail_size = 6;  // original id, error, other size
  if (tail_size > rest.size()) return bad;
  tsig.original_id = load_u16(rest, 0);
  tsig.error = load_u16(rest, 2);
  const std::size_t other_size = load_u16(rest, 4);
  if (other_size != rest.size() - tail_size) return bad;
  tsig.other = to_octets(rest.subspan(tail_size));
  return tsig;
}

bool within_fudge(const Tsig& tsig, std::int64_t now_s) noexcept {
  const std::uint64_t now = wire_time(now_s);
  const std::uint64_t apart = now > tsig.time_s ? now - tsig.time_s : tsig.time_s - now;
  return apart <= tsig.fudge_s;
}

/// MAC first, then time: whoever cannot sign learns nothing about our clock. Truncation last, so
/// that its answer can be signed.
TsigStatus judge(const TsigKey& key, const DigestInput& input, const Tsig& tsig,
                 std::int64_t now_s) {
  const std::size_t size = tsig_mac_size(key.algorithm);
  const std::size_t given = tsig.mac.size();
  if (given > size || given < std::max(mac_size_min, size / 2)) return TsigStatus::malformed;
  const Octets expected = mac_of(key, input, tsig);
  if (!crypto::constant_time_equal(Bytes{expected}.first(given), tsig.mac)) {
    return TsigStatus::bad_signature;
  }
  if (!within_fudge(tsig, now_s)) return TsigStatus::bad_time;
  return given < size ? TsigStatus::bad_truncation : TsigStatus::ok;
}

}  // namespace

std::size_t tsig_size(const TsigKey& key) noexcept {
  constexpr std::size_t other_size_max = 6;  // our time, with BADTIME
  return key.name.size() + 10 + algorithm_wire_size + 10 + tsig_mac_size(key.algorithm) + 6 +
         other_size_max;
}

std::string_view to_string(TsigAlgorithm algorithm) noexcept {
  return algorithm == TsigAlgorithm::hmac_sha512 ? "hmac-sha512" : "hmac-sha256";
}

std::optional<TsigAlgorithm> parse_tsig_algorithm(std::string_view text) noexcept {
  for (const auto algorithm : {TsigAlgorithm::hmac_sha256, TsigAlgorithm::hmac_sha512}) {
    if (text == to_string(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::size_t tsig_mac_size(TsigAlgorithm algorithm) noexcept {
  return algorithm == TsigAlgorithm::hmac_sha512 ? 64 : 32;
}

std::string_view to_string(TsigStatus status) noexcept {
  switch (status) {
    case TsigStatus::ok: return "ok";
    case TsigStatus::not_signed: return "not_signed";
    case TsigStatus::malformed: return "malformed";
    case TsigStatus::bad_key: return "bad_key";
    case TsigStatus::bad_signature: return "bad_signature";
    case TsigStatus::bad_time: return "bad_time";
    case TsigStatus::bad_truncation: return "bad_truncation";
    case TsigStatus::peer_error: return "peer_error";
  }
  return "unknown";
}

std::uint16_t tsig_error_code(TsigStatus status) noexcept {
  switch (status) {
    case TsigStatus::bad_signature: return 16;
    case TsigStatus::bad_key: return 17;
    case TsigStatus::bad_time: return error_badtime;
    case TsigStatus::bad_truncation: return 22;
    default: return 0;
  }
}

Wire<std::optional<Tsig>> find_tsig(Bytes message) {
  auto reader = MessageReader::open(message);
  if (!reader) return tl::unexpected(reader.error());
  std::optional<Tsig> found;
  while (true) {
    const auto record = reader->next();
    if (!record) return tl::unexpected(record.error());
    if (!record->has_value()) return found;
    if (found) return tl::unexpected(WireError::bad_tsig);  // not the last
    if ((*record)->type != type_tsig) continue;
    auto tsig = parse_tsig(**record);
    if (!tsig) return tl::unexpected(tsig.error());
    found = std::move(*tsig);
  }
}

Wire<Octets> sign_request(Octets& message, const TsigKey& key, std::int64_t now_s) {
  KHIEN_ASSERT(message.size() >= header_size);
  Tsig tsig = new_tsig(key.name, name_of(key.algorithm), message, wire_time(now_s));
  tsig.mac = mac_of(key, {.message = message}, tsig);
  if (const auto done = append_tsig(message, tsig); !done) return tl::unexpected(done.error());
  return std::move(tsig.mac);
}

TsigCheck check_request(Bytes message, std::span<const TsigKey> keys, std::int64_t now_s) {
  auto tsig = find_tsig(message);
  if (!tsig) return {.status = TsigStatus::malformed};
  if (!tsig->has_value()) return {.status = TsigStatus::not_signed};
  TsigCheck check{.status = TsigStatus::bad_key, .key = nullptr, .tsig = std::move(*tsig)};
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const TsigKey& candidate) {
    return candidate.name == check.tsig->key_name;
  });
  if (key == keys.end() || check.tsig->algorithm.view() != name_of(key->algorithm)) return check;
  check.key = &*key;
  const Octets plain = unsigned_form(message, *check.tsig);
  check.status = judge(*key, {.message = plain}, *check.tsig, now_s);
  return check;
}

Wire<void> sign_error(Octets& message, const TsigCheck& check, std::int64_t now_s) {
  KHIEN_ASSERT(check.tsig.has_value());
  const bool is_late = check.status == TsigStatus::bad_time;
  // With BADTIME the client's time, so that it believes the answer, and ours beside it.
  const bool is_signed = is_late || check.status == TsigStatus::bad_truncation;
  Tsig tsig = new_tsig(check.tsig->key_name, check.tsig->algorithm, message,
                       is_signed && !is_late ? wire_time(now_s) : check.tsig->time_s);
  tsig.error = tsig_error_code(check.status);
  if (is_late) append_u48(tsig.other, wire_time(now_s));
  if (is_signed) {
    KHIEN_ASSERT(check.key != nullptr);
    tsig.mac = mac_of(*check.key, {.previous_mac = check.tsig->mac, .message = message}, tsig);
  }
  return append_tsig(message, tsig);
}

Wire<void> TsigSigner::sign(Octets& message, std::int64_t now_s) {
  KHIEN_ASSERT(message.size() >= header_size);
  Tsig tsig = new_tsig(key_->name, name_of(key_->algorithm), message, wire_time(now_s));
  tsig.mac = mac_of(*key_,
                    {.previous_mac = previous_mac_,
                     .message = message,
                     .covered = first_ ? Covered::variables : Covered::timers},
                    tsig);
  if (const auto done = append_tsig(message, tsig); !done) return done;
  previous_mac_ = std::move(tsig.mac);
  first_ = false;
  return {};
}

TsigStatus TsigVerifier::check(Bytes message, std::int64_t now_s) {
  const auto found = find_tsig(message);
  if (!found) return TsigStatus::malformed;
  if (!found->has_value()) {
    if (first_ || unsigned_count_ == tsig_unsigned_messages_max) return TsigStatus::not_signed;
    append(pending_, message);
    ++unsigned_count_;
    return TsigStatus::ok;
  }
  const Tsig& tsig = **found;
  const bool same_key = tsig.key_name == key_->name;
  if (!same_key || tsig.algorithm.view() != name_of(key_->algorithm)) return TsigStatus::bad_key;
  // An unsigned error (BADKEY, BADSIG) proves nothing, but there is nothing else to wait for.
  if (tsig.error != 0 && tsig.mac.empty()) return TsigStatus::peer_error;

  const Octets plain = unsigned_form(message, tsig);
  const TsigStatus status = judge(*key_,
                                  {.previous_mac = previous_mac_,
                                   .pending = pending_,
                                   .message = plain,
                                   .covered = first_ ? Covered::variables : Covered::timers},
                                  tsig, now_s);
  if (status != TsigStatus::ok) return status;
  if (tsig.error != 0) return TsigStatus::peer_error;
  previous_mac_ = tsig.mac;
  pending_.clear();
  unsigned_count_ = 0;
  first_ = false;
  return TsigStatus::ok;
}

}  // namespace khien::dns
