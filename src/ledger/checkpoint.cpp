#include "ledger/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "base/file.h"
#include "codec/base64.h"
#include "codec/hex.h"

namespace khien::ledger {
namespace {

constexpr std::string_view dash = "\xE2\x80\x94 ";  // U+2014 and a space begin a signature line
constexpr std::uint8_t ed25519_type = 0x01;
constexpr std::string_view secret_prefix = "PRIVATE+KEY+";
constexpr std::size_t key_file_size_max = 4 * 1024;

using KeyId = std::array<std::uint8_t, 4>;

KeyId key_id(std::string_view name, const crypto::Ed25519PublicKey& key) {
  const std::array<std::uint8_t, 2> middle{0x0A, ed25519_type};
  const auto digest = crypto::Sha256{}.update(name).update(middle).update(key).finish();
  return {digest[0], digest[1], digest[2], digest[3]};
}

bool is_key_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return c > 0x20 && c < 0x7F && c != '+'; });
}

std::string key_text(std::string_view prefix, std::string_view name, const KeyId& id, Bytes key) {
  Octets typed{ed25519_type};
  typed.insert(typed.end(), key.begin(), key.end());
  return fmt::format("{}{}+{}+{}", prefix, name, codec::hex(id), codec::base64(typed));
}

struct KeyText {
  std::string name;
  Octets id;
  std::array<std::uint8_t, 32> key;
};

// `name+id+key`; the key's first octet is its type.
Result<KeyText> parse_key_text(std::string_view text) {
  const auto refused = fail(ErrorCode::malformed, "not an Ed25519 key of a log", "bad_key");
  const auto first = text.find('+');
  const auto second = first == std::string_view::npos ? first : text.find('+', first + 1);
  if (second == std::string_view::npos || !is_key_name(text.substr(0, first))) return refused;
  auto id = codec::parse_hex(text.substr(first + 1, second - first - 1));
  auto typed = codec::parse_base64(text.substr(second + 1));
  if (!id || id->size() != 4 || !typed || typed->size() != 33 || typed->front() != ed25519_type) {
    return refused;
  }
  KeyText out{.name = std::string{text.substr(0, first)}, .id = std::move(*id), .key = {}};
  std::copy(typed->begin() + 1, typed->end(), out.key.begin());
  crypto::wipe(*typed);
  return out;
}

std::string_view take_line(std::string_view& text) noexcept {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

Result<Checkpoint> parse_body(std::string_view body) {
  const auto refused = fail(ErrorCode::malformed, "not a checkpoint", "bad_checkpoint");
  Checkpoint checkpoint{.origin = std::string{take_line(body)}};
  const auto digits = take_line(body);
  auto root = codec::parse_base64(take_line(body));
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), checkpoint.size);
  if (checkpoint.origin.empty() || error != std::errc{} || end != digits.data() + digits.size() ||
      (digits.size() > 1 && digits.front() == '0') || !root ||
      root->size() != checkpoint.root.size() || body.starts_with('\n')) {
    return refused;
  }
  std::copy(root->begin(), root->end(), checkpoint.root.begin());
  return checkpoint;
}

enum class LineSays { nothing_of_ours, good, bad };

LineSays check_signature(std::string_view line, std::string_view body,
                         const LogVerifier& verifier) {
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return LineSays::bad;
  auto octets = codec::parse_base64(line.substr(space + 1));
  if (!octets || octets->size() < 5) return LineSays::bad;
  const auto id = key_id(verifier.name, verifier.key);
  if (line.substr(0, space) != verifier.name ||
      !std::equal(id.begin(), id.end(), octets->begin())) {
    return LineSays::nothing_of_ours;
  }
  const Bytes signature = Bytes{*octets}.subspan(4);
  return crypto::ed25519_verify(verifier.key, as_bytes(body), signature) ? LineSays::good
                                                                         : LineSays::bad;
}

}  // namespace

std::string LogVerifier::text() const { return key_text("", name, key_id(name, key), key); }

Result<LogVerifier> LogVerifier::parse(std::string_view text) {
  auto parts = parse_key_text(text);
  if (!parts) return tl::unexpected<Error>{std::move(parts).error()};
  const auto id = key_id(parts->name, parts->key);
  if (!std::equal(id.begin(), id.end(), parts->id.begin())) {
    return fail(ErrorCode::malformed, "the id does not belong to the key", "bad_key");
  }
  return LogVerifier{.name = std::move(parts->name), .key = parts->key};
}

Result<LogKey> LogKey::make(std::string name, const crypto::Ed25519Key& key) {
  if (!is_key_name(name)) {
    return fail(ErrorCode::invalid_argument, "a log's name has no space and no '+'", "bad_name");
  }
  return LogKey{std::move(name), key};
}

std::string LogKey::sign(std::uint64_t size, const Hash& root) const {
  const auto body = fmt::format("{}\n{}\n{}\n", name_, size, codec::base64(root));
  const auto id = key_id(name_, key_.public_key());
  const auto signature = key_.sign(as_bytes(body));
  Octets octets{id.begin(), id.end()};
  octets.insert(octets.end(), signature.begin(), signature.end());
  return fmt::format("{}\n{}{} {}\n", body, dash, name_, codec::base64(octets));
}

std::string LogKey::secret_text() const {
  auto seed = key_.seed();
  auto text = key_text(secret_prefix, name_, key_id(name_, key_.public_key()), seed);
  crypto::wipe(seed);
  return text;
}

Result<LogKey> LogKey::parse_secret(std::string_view text) {
  if (!text.starts_with(secret_prefix)) {
    return fail(ErrorCode::malformed, "not a log's private key", "bad_key");
  }
  auto parts = parse_key_text(text.substr(secret_prefix.size()));
  if (!parts) return tl::unexpected<Error>{std::move(parts).error()};
  const auto key = crypto::Ed25519Key::from_seed(parts->key);
  crypto::wipe(parts->key);
  const auto id = key_id(parts->name, key.public_key());
  if (!std::equal(id.begin(), id.end(), parts->id.begin())) {
    return fail(ErrorCode::malformed, "the id does not belong to the key", "bad_key");
  }
  return LogKey{std::move(parts->name), key};
}

Result<Checkpoint> open_checkpoint(std::string_view note, const LogVerifier& verifier) {
  const auto refused = fail(ErrorCode::malformed, "not a signed note", "bad_note");
  if (note.size() > note_size_max) return refused;
  const auto border = note.rfind("\n\n");
  if (border == std::string_view::npos || !note.ends_with('\n')) return refused;
  const auto body = note.substr(0, border + 1);
  auto lines = note.substr(border + 2);
  auto checkpoint = parse_body(body);
  if (!checkpoint) return checkpoint;
  if (checkpoint->origin != verifier.name) {
    return fail(ErrorCode::denied, "the checkpoint is of another log", "other_log");
  }
  bool signed_by_log = false;
  for (std::size_t count = 0; !lines.empty(); ++count) {
    auto line = take_line(lines);
    if (count >= note_signatures_max || !line.starts_with(dash)) return refused;
    line.remove_prefix(dash.size());
    const auto says = check_signature(line, body, verifier);
    if (says == LineSays::bad) {
      return fail(ErrorCode::denied, "the checkpoint has a bad signature", "bad_signature");
    }
    if (says == LineSays::good) signed_by_log = true;
  }
  if (!signed_by_log) {
    return fail(ErrorCode::denied, "the checkpoint is not signed by the log", "bad_signature");
  }
  return checkpoint;
}

Result<LogKey> load_or_create_log_key(const std::filesystem::path& path, const std::string& name,
                                      Rng& rng) {
  auto content = read_file(path, key_file_size_max);
  if (!content && content.error().code != ErrorCode::not_found) {
    return propagate(std::move(content).error(), "read log key");
  }
  if (!content) {
    auto made = LogKey::make(name, crypto::Ed25519Key::generate(rng));
    if (!made) return made;
    auto written =
        write_file_atomically(path, as_bytes(made->secret_text() + "\n"), FileAccess::owner);
    if (!written) return propagate(std::move(written).error(), "write log key");
    return made;
  }
  auto text = as_text(*content);
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto key = LogKey::parse_secret(text);
  crypto::wipe(*content);
  if (!key) return propagate(std::move(key).error(), "read log key");
  return key;
}

}  // namespace khien::ledger
