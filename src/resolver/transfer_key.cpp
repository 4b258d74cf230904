#include "resolver/transfer_key.h"

#include <vector>

#include "base/file.h"
#include "codec/base64.h"

namespace khien::resolver {
namespace {

// Words, quoted texts and the signs { } ; as tokens; white space parts them.
std::vector<std::string_view> tokens_of(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  constexpr std::string_view signs = "{};";
  std::vector<std::string_view> tokens;
  while (true) {
    const auto begin = text.find_first_not_of(space);
    if (begin == std::string_view::npos) return tokens;
    text.remove_prefix(begin);
    std::size_t end = 1;
    if (text[0] == '"') {
      end = text.find('"', 1);
      if (end == std::string_view::npos) return {};
      tokens.push_back(text.substr(1, end - 1));
      text.remove_prefix(end + 1);
      continue;
    }
    if (signs.find(text[0]) == std::string_view::npos) {
      end = std::min(text.find_first_of(" \t\r\n{};\""), text.size());
    }
    tokens.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

}  // namespace

Result<dns::TsigKey> parse_key(std::string_view text) {
  const auto bad = [] {
    return fail(ErrorCode::malformed,
                "not a key file (key \"name\" { algorithm hmac-sha256 or hmac-sha512; …)",
                "bad_key_file");
  };
  const auto t = tokens_of(text);
  // key NAME { algorithm A ; secret S ; } ;   in either order of the two
  if (t.size() != 11 || t[0] != "key" || t[2] != "{" || t[5] != ";" || t[8] != ";" || t[9] != "}" ||
      t[10] != ";") {
    return bad();
  }
  const bool secret_first = t[3] == "secret";
  const auto algorithm = dns::parse_tsig_algorithm(secret_first ? t[7] : t[4]);
  const auto secret = secret_first ? t[4] : t[7];
  if (t[secret_first ? 6 : 3] != "algorithm" || t[secret_first ? 3 : 6] != "secret" || !algorithm) {
    return bad();
  }
  auto name = dns::Name::from_text(t[1]);
  auto octets = codec::parse_base64(secret);
  if (!name || !octets || octets->empty()) return bad();
  return dns::TsigKey{
      .name = std::move(*name), .secret = std::move(*octets), .algorithm = *algorithm};
}

Result<dns::TsigKey> read_key(const std::filesystem::path& path) {
  auto octets = read_file(path, key_file_size_max);
  if (!octets) return propagate(std::move(octets).error(), "read the key file");
  auto key = parse_key(as_text(*octets));
  if (!key) return propagate(std::move(key).error(), path.string());
  return key;
}

}  // namespace khien::resolver
