#include "publish/key_file.h"

#include <vector>

#include "base/file.h"
#include "codec/base64.h"

namespace khien::publish {
namespace {

tl::unexpected<Error> bad_key(std::string_view why) {
  return fail(ErrorCode::malformed, "key file: " + std::string{why}, "bad_key");
}

/// Words, quoted words without their quotes, and the signs { } ; on their own.
std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  std::string word;
  bool quoted = false;
  const auto end_word = [&] {
    if (!word.empty()) tokens.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (c == '"') {
      end_word();
      quoted = !quoted;
    } else if (quoted) {
      word.push_back(c);
    } else if (c == '{' || c == '}' || c == ';') {
      end_word();
      tokens.emplace_back(1, c);
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      end_word();
    } else {
      word.push_back(c);
    }
  }
  end_word();
  return tokens;
}

}  // namespace

Result<dns::TsigKey> make_key(std::string_view name, Rng& rng, dns::TsigAlgorithm algorithm) {
  auto parsed = dns::Name::from_text(name);
  if (!parsed || parsed->is_root()) {
    return fail(ErrorCode::invalid_argument, "a key is named like a domain name", "bad_name");
  }
  dns::TsigKey key{.name = parsed->lower(),
                   .secret = Octets(dns::tsig_mac_size(algorithm)),
                   .algorithm = algorithm};
  rng.fill(key.secret);
  return key;
}

std::string key_text(const dns::TsigKey& key) {
  std::string name = key.name.to_text();
  if (name.size() > 1) name.pop_back();
  return "key \"" + name + "\" {\n  algorithm " + std::string{to_string(key.algorithm)} +
         ";\n  secret \"" + codec::base64(key.secret) + "\";\n};\n";
}

Result<dns::TsigKey> parse_key_text(std::string_view text) {
  if (text.size() > key_file_size_max) return bad_key("too large");
  const auto tokens = tokens_of(text);
  // key NAME { algorithm A ; secret S ; } ;
  const std::vector<std::string_view> shape{"key",    "", "{", "algorithm", "", ";",
                                            "secret", "", ";", "}",         ";"};
  if (tokens.size() != shape.size()) return bad_key("expected one key block of BIND's form");
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].empty() && tokens[i] != shape[i]) {
      return bad_key("expected one key block of BIND's form");
    }
  }
  const auto algorithm = dns::parse_tsig_algorithm(tokens[4]);
  if (!algorithm) return bad_key("the algorithm must be hmac-sha256 or hmac-sha512");
  auto name = dns::Name::from_text(tokens[1]);
  if (!name) return bad_key("not a name");
  auto secret = codec::parse_base64(tokens[7]);
  if (!secret || secret->empty() || secret->size() > key_secret_size_max) {
    return bad_key("the secret is not base 64 of 1..512 octets");
  }
  return dns::TsigKey{.name = name->lower(), .secret = std::move(*secret), .algorithm = *algorithm};
}

Result<void> write_key_file(const std::filesystem::path& path, const dns::TsigKey& key) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return fail(ErrorCode::conflict, path.string() + " exists already", "exists");
  }
  return write_file_atomically(path, as_bytes(key_text(key)), FileAccess::owner);
}

Result<dns::TsigKey> read_key_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!error &&
      (status.permissions() & std::filesystem::perms::others_all) != std::filesystem::perms::none) {
    return fail(ErrorCode::denied, path.string() + " is open to everybody: chmod 600 it");
  }
  const auto content = read_file(path, key_file_size_max);
  if (!content) return tl::unexpected(content.error());
  return parse_key_text(as_text(*content));
}

}  // namespace khien::publish
