#include "notice/mail.h"

#include <curl/curl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <memory>

#include "base/file.h"
#include "base/id.h"
#include "codec/base64.h"
#include "text/mail_address.h"

namespace khien::notice {
namespace {

constexpr std::size_t line_size_max = 76;  // of base64, RFC 2045 section 6.8
constexpr std::size_t password_file_size_max = 4'096;
constexpr std::array sign_in_codes{530L, 534L, 535L, 538L};  // RFC 4954 section 6

bool has_control(std::string_view text, bool lines_allowed) {
  return std::any_of(text.begin(), text.end(), [lines_allowed](char c) {
    const auto octet = static_cast<unsigned char>(c);
    return (octet < 0x20 && !(lines_allowed && (c == '\n' || c == '\t'))) || octet == 0x7f;
  });
}

/// RFC 2047 encoded words: 39 octets of UTF-8 each, cut between characters; with "Subject: " 73
/// columns.
std::string encode_subject(std::string_view subject) {
  constexpr std::size_t octets_max = 39;
  std::string out;
  while (!subject.empty()) {
    std::size_t size = std::min(octets_max, subject.size());
    while (size < subject.size() && (static_cast<unsigned char>(subject[size]) & 0xc0) == 0x80) {
      --size;
    }
    out += out.empty() ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?";
    out += codec::base64(as_bytes(subject.substr(0, size))) + "?=";
    subject.remove_prefix(size);
  }
  return out;
}

struct Upload {
  std::string_view left;
};

std::size_t read_upload(char* out, std::size_t size, std::size_t count, void* data) {
  auto& upload = *static_cast<Upload*>(data);
  const std::size_t now = std::min(size * count, upload.left.size());
  std::copy_n(upload.left.data(), now, out);
  upload.left.remove_prefix(now);
  return now;
}

using Curl = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using CurlList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

Result<void> to_result(CURLcode code, long smtp_code) {
  if (code == CURLE_OK) return {};
  if (code == CURLE_OPERATION_TIMEDOUT) return fail(ErrorCode::timeout, "mail server is silent");
  const std::string what = curl_easy_strerror(code);
  // Our own sign-in is a matter of set-up, which somebody can mend; the mail itself was not judged.
  if (code == CURLE_LOGIN_DENIED ||
      std::ranges::find(sign_in_codes, smtp_code) != sign_in_codes.end()) {
    return fail(ErrorCode::unavailable,
                fmt::format("mail server refused the sign-in with {}", smtp_code), "mail_sign_in");
  }
  // 5yz is final (RFC 5321 section 4.2.1); everything else may go through later.
  if (smtp_code >= 500 && smtp_code < 600) {
    return fail(ErrorCode::denied, fmt::format("mail server refused with {}", smtp_code));
  }
  return fail(ErrorCode::unavailable, "mail server: " + what);
}

}  // namespace

Result<MailServer> load_mail_server(std::string_view url, std::string from,
                                    const std::filesystem::path& password_file) {
  if (password_file.empty()) return parse_mail_server(url, std::move(from));
  auto content = read_file(password_file, password_file_size_max);
  if (!content) return propagate(std::move(content).error(), "read the mail password");
  auto password = to_text(*content);
  password.resize(std::min(password.size(), password.find_first_of("\r\n")));
  if (password.empty() || has_control(password, false)) {
    return fail(ErrorCode::invalid_argument,
                password_file.string() + " holds no password in its first line");
  }
  return parse_mail_server(url, std::move(from), std::move(password));
}

Result<MailServer> parse_mail_server(std::string_view url, std::string from, std::string password) {
  MailServer server;
  const auto wrong = [](std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message), "bad_mail_server");
  };
  if (url.starts_with("smtp://")) {
    server.security = MailSecurity::none;
    url.remove_prefix(7);
  } else if (url.starts_with("smtp+starttls://")) {
    url.remove_prefix(16);
  } else if (url.starts_with("smtps://")) {
    server.security = MailSecurity::tls;
    url.remove_prefix(8);
  } else {
    return wrong("the mail server begins with smtp://, smtp+starttls:// or smtps://");
  }
  if (const auto at = url.rfind('@'); at != std::string_view::npos) {
    const auto colon = url.find(':');
    const bool in_url = colon != std::string_view::npos && colon < at;
    if (in_url && !password.empty()) return wrong("the password stands twice: leave user@host");
    if (!in_url && password.empty()) {
      return wrong("the user needs a password: user:password@host, or a password file");
    }
    server.user = url.substr(0, in_url ? colon : at);
    server.password =
        in_url ? std::string{url.substr(colon + 1, at - colon - 1)} : std::move(password);
    url.remove_prefix(at + 1);
  } else if (!password.empty()) {
    return wrong("a password needs a user: user@host");
  }
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos) return wrong("the mail server needs a port: host:25");
  server.host = url.substr(0, colon);
  const auto port = url.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), server.port);
  if (error != std::errc{} || end != port.data() + port.size() || server.port == 0) {
    return wrong("the mail server's port is a number from 1 to 65535");
  }
  const bool local = server.host == "127.0.0.1" || server.host == "localhost";
  if (server.security == MailSecurity::none && !local) {
    return wrong(
        "smtp:// without encryption is for a server on this machine; use smtp+starttls://");
  }
  if (!text::is_mail_address(from)) return wrong("the sender is not a mail address");
  server.from = std::move(from);
  return server;
}

Result<std::string> write_message(const MailServer& server, const Mail& mail, InstantMs now_ms,
                                  Rng& rng) {
  const auto wrong = [](std::string message) {
    return fail(ErrorCode::invalid_argument, std::move(message));
  };
  if (!text::is_mail_address(mail.to)) return wrong("not a mail address");
  if (mail.subject.size() > mail_subject_size_max || has_control(mail.subject, false)) {
    return wrong("the subject is too long or holds control characters");
  }
  if (mail.text.size() > mail_text_size_max || has_control(mail.text, true)) {
    return wrong("the text is too long or holds control characters");
  }
  const std::time_t seconds = now_ms / ms_per_second;
  const auto date = fmt::gmtime(seconds);
  const auto domain = server.from.substr(server.from.find('@') + 1);
  std::string out = fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\nFrom: <{}>\r\nTo: <{}>\r\nMessage-ID: <{}@{}>\r\n"
      "Subject: {}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n",
      date, server.from, mail.to, new_id_text(now_ms, rng), domain, encode_subject(mail.subject));
  std::string text;
  for (const char c : mail.text) {
    if (c == '\n') text += '\r';  // text parts have CRLF line ends before encoding (RFC 2046 4.1.1)
    text += c;
  }
  const auto encoded = codec::base64(as_bytes(text));
  for (std::size_t at = 0; at < encoded.size(); at += line_size_max) {
    out += encoded.substr(at, line_size_max) + "\r\n";
  }
  return out;
}

Result<void> send_mail(const MailServer& server, const Mail& mail, const Clock& clock, Rng& rng) {
  auto message = write_message(server, mail, clock.now_ms(), rng);
  if (!message) return propagate(std::move(message).error(), "write mail");
  const Curl curl{curl_easy_init(), curl_easy_cleanup};
  if (!curl) return fail(ErrorCode::unavailable, "no memory for a mail transfer");
  const CurlList to{curl_slist_append(nullptr, ("<" + mail.to + ">").c_str()), curl_slist_free_all};
  Upload upload{*message};
  const auto url =
      fmt::format("{}://{}:{}", server.security == MailSecurity::tls ? "smtps" : "smtp",
                  server.host, server.port);
  CURL* handle = curl.get();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // never through a proxy of the environment
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(server.timeout_ms));
  if (server.security == MailSecurity::starttls) {
    curl_easy_setopt(handle, CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  }
  if (!server.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_USERNAME, server.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, server.password.c_str());
  }
  curl_easy_setopt(handle, CURLOPT_MAIL_FROM, ("<" + server.from + ">").c_str());
  curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, to.get());
  curl_easy_setopt(handle, CURLOPT_READFUNCTION, &read_upload);
  curl_easy_setopt(handle, CURLOPT_READDATA, &upload);
  curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
  const CURLcode code = curl_easy_perform(handle);
  long smtp_code = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &smtp_code);
  return to_result(code, smtp_code);
}

}  // namespace khien::notice
