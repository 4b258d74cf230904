// Sends one mail through the operator's SMTP server (RFC 5321, message format RFC 5322, UTF-8 by
// MIME). Not a queue: the caller's job queue decides when to try again. No message text or address
// is ever logged.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

namespace khien::notice {

enum class MailSecurity {
  none,      ///< only towards a server on this machine
  starttls,  ///< refuse to send if the server offers no TLS
  tls,       ///< TLS from the first octet (port 465)
};

struct MailServer {
  std::string host;
  std::uint16_t port = 25;
  MailSecurity security = MailSecurity::starttls;
  std::string from;       ///< "khien@province.example"
  std::string user = {};  ///< empty: no sign-in
  std::string password = {};
  std::int64_t timeout_ms = 20'000;
};

/// Reads smtp://host:port, smtp+starttls://user:password@host:port or smtps://… and checks that an
/// unencrypted server is on loopback. With `password` the URL holds the user alone.
/// invalid_argument says what is wrong.
[[nodiscard]] Result<MailServer> parse_mail_server(std::string_view url, std::string from,
                                                   std::string password = {});
/// The same with the password from the first line of a file, as command lines give it; an empty
/// path: none.
[[nodiscard]] Result<MailServer> load_mail_server(std::string_view url, std::string from,
                                                  const std::filesystem::path& password_file);

struct Mail {
  std::string to;       ///< one address
  std::string subject;  ///< one line of UTF-8
  std::string text;     ///< UTF-8, lines end in \n
};

constexpr std::size_t mail_subject_size_max = 400;  // octets; four encoded words
constexpr std::size_t mail_text_size_max = 64 * 1024;

/// The whole message as it goes over the wire: headers, quoted text in base64, CRLF line ends.
/// invalid_argument for an address, subject or text that breaks its limit or holds control
/// characters.
[[nodiscard]] Result<std::string> write_message(const MailServer& server, const Mail& mail,
                                                InstantMs now_ms, Rng& rng);

/// Sends and waits for the server's answer. denied: the server refused this mail for good (5xx);
/// unavailable or timeout: try again later, also where it refused our sign-in ("mail_sign_in").
[[nodiscard]] Result<void> send_mail(const MailServer& server, const Mail& mail, const Clock& clock,
                                     Rng& rng);

}  // namespace khien::notice
