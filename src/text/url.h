// Web addresses as people report them: pasted from chats, defanged by colleagues, with or without a
// scheme. Read into parts with one canonical text. Not a resolver of relative references, and no
// repair of what browsers would not open. Pure functions of their arguments; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace khien::text {

constexpr std::size_t url_size_max = 2'048;  // octets as written; longer is limit_exceeded

struct Url {
  std::string scheme;  // "http" or "https"; https where none was written
  std::string host;    // normalised host, or canonical address without brackets
  bool host_is_ip = false;
  std::optional<std::uint16_t> port;  // absent if it is the scheme's default
  std::string path;                   // starts with "/"; unsafe characters percent-encoded
  std::string query;                  // without "?"; may hold a victim's token: never publish it
};

/// Undoes how people make a link unclickable: hxxp, [.] (.) {.} [dot] (dot) (chấm), [:] [/] [at],
/// and white space around dots, slashes and colons; nested forms too. Everything else stays as it
/// is. For one address: repeats until nothing changes.
[[nodiscard]] std::string refang(std::string_view text);

/// The bracket and hxxp part of refang() alone: for running text, where spaces mean something.
[[nodiscard]] std::string refang_brackets(std::string_view text);

/// Reads one address with refang(), without userinfo (which only deceives) and fragment.
/// malformed (reasons "bad_url", "url_scheme", "url_port" or those of HostError) or limit_exceeded
/// ("url_too_long").
[[nodiscard]] Result<Url> read_url(std::string_view text);

/// The canonical text: "https://host/path?query", with ":port" where it is not the default.
[[nodiscard]] std::string to_string(const Url& url);

}  // namespace khien::text
