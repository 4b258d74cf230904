#include "exchange/signed_list.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "base/file.h"
#include "codec/rfc3339.h"

namespace khien::exchange {
namespace {

constexpr std::size_t piece_size = 256UL * 1024;  // octets hashed at once

tl::unexpected<Error> bad_statement(std::string_view why) {
  return fail(ErrorCode::malformed, "the signature's comment " + std::string{why}, "bad_statement");
}

std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// False if the word's value cannot be read, or `file` and `expires` stand twice.
bool take_word(ListStatement& statement, std::string_view key, std::string_view value) {
  if (key == "file") {
    if (value.empty() || !statement.file.empty()) return false;
    statement.file = value;
  } else if (key == "version") {
    statement.version = value;
  } else if (key == "serial") {
    const auto serial = number(value);
    statement.serial = serial.value_or(0);
    return serial.has_value();
  } else if (key == "timestamp") {
    const auto seconds = number(value);
    constexpr std::uint64_t seconds_max = 253'402'300'799;  // 9999-12-31T23:59:59Z
    if (!seconds || *seconds > seconds_max) return false;
    statement.made_at_ms = static_cast<InstantMs>(*seconds) * ms_per_second;
  } else if (key == "expires") {
    const auto at_ms = codec::read_rfc3339(value);
    if (!at_ms || statement.expires_at_ms != 0) return false;
    statement.expires_at_ms = *at_ms;
  }
  return true;
}

std::filesystem::path signature_path(const std::filesystem::path& list) {
  return list.string() + std::string{signature_ending};
}

Result<ListStatement> verify(const std::filesystem::path& list, const MinisignPublicKey& key,
                             const crypto::Blake2bDigest& digest) {
  auto signature = read_file(signature_path(list), minisign_text_max);
  if (!signature) return propagate(std::move(signature).error(), "read the signature");
  auto comment = verify_minisign(key, digest, as_text(*signature));
  if (!comment) return propagate(std::move(comment).error(), list.string());
  auto statement = read_trusted_comment(*comment);
  if (!statement) return propagate(std::move(statement).error(), list.string());
  if (statement->file != list.filename().string()) {
    return fail(ErrorCode::denied,
                list.string() + " was signed as " + statement->file + ": it is another list",
                "other_list");
  }
  return statement;
}

}  // namespace

std::string to_trusted_comment(const ListStatement& statement) {
  return fmt::format("timestamp:{}\tfile:{}\tserial:{}\tversion:{}\texpires:{}",
                     statement.made_at_ms / ms_per_second, statement.file, statement.serial,
                     statement.version, codec::write_rfc3339(statement.expires_at_ms));
}

Result<ListStatement> read_trusted_comment(std::string_view comment) {
  ListStatement statement;
  while (!comment.empty()) {
    const auto end = comment.find_first_of("\t ");
    const auto word = comment.substr(0, end);
    comment.remove_prefix(end == std::string_view::npos ? comment.size() : end + 1);
    const auto colon = word.find(':');
    if (colon == std::string_view::npos) continue;
    const auto key = word.substr(0, colon);
    if (!take_word(statement, key, word.substr(colon + 1))) {
      return bad_statement("has a bad " + std::string{key});
    }
  }
  if (statement.file.empty()) return bad_statement("names no file");
  if (statement.expires_at_ms == 0) return bad_statement("has no end (expires:)");
  return statement;
}

Result<crypto::Blake2bDigest> digest_of_file(const std::filesystem::path& path) {
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file.valid()) {
    return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::unavailable,
                "open " + path.string() + ": " + std::strerror(errno));
  }
  crypto::Blake2b hash;
  Octets piece(piece_size);
  std::uint64_t size = 0;
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorCode::unavailable, "read " + path.string() + ": " + std::strerror(errno));
    }
    if (got == 0) return hash.finish();
    size += static_cast<std::uint64_t>(got);
    if (size > signed_list_size_max) {
      return fail(ErrorCode::limit_exceeded, path.string() + " is larger than any list");
    }
    hash.update(Bytes{piece}.first(static_cast<std::size_t>(got)));
  }
}

Result<ListStatement> verify_list_file(const std::filesystem::path& list,
                                       const MinisignPublicKey& key) {
  auto digest = digest_of_file(list);
  if (!digest) return tl::unexpected<Error>{std::move(digest).error()};
  return verify(list, key, *digest);
}

Result<SignedList> read_signed_list(const std::filesystem::path& list, const MinisignPublicKey& key,
                                    InstantMs now_ms) {
  auto octets = read_file(list, signed_list_size_max);
  if (!octets) return tl::unexpected<Error>{std::move(octets).error()};
  auto statement = verify(list, key, crypto::Blake2b{}.update(Bytes{*octets}).finish());
  if (!statement) return tl::unexpected<Error>{std::move(statement).error()};
  if (statement->expires_at_ms <= now_ms) {
    return fail(ErrorCode::denied,
                list.string() + " is over since " + codec::write_rfc3339(statement->expires_at_ms) +
                    ": fetch it again",
                "list_expired");
  }
  return SignedList{.statement = std::move(*statement), .text = to_text(*octets)};
}

}  // namespace khien::exchange
