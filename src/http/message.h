// A request and a response as plain values, without sockets: what handlers see and give back.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "net/address.h"

namespace khien::http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, other };

/// "GET"; "OTHER" for methods that we do not serve.
[[nodiscard]] std::string_view to_string(Method method) noexcept;
[[nodiscard]] Method parse_method(std::string_view text) noexcept;

/// Names and values in the order in which they came; a name may stand more than once.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// The first value of `name`, compared octet for octet; borrowed from `fields`.
[[nodiscard]] std::optional<std::string_view> find_field(const Fields& fields,
                                                         std::string_view name) noexcept;

/// True if two header names are the same: ASCII case does not matter (RFC 9110 section 5.1).
[[nodiscard]] bool same_name(std::string_view a, std::string_view b) noexcept;

class Headers {
 public:
  /// The first value of `name`, borrowed.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept;
  [[nodiscard]] std::size_t count(std::string_view name) const noexcept;
  void add(std::string_view name, std::string_view value);
  /// Replaces every value of `name`.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  [[nodiscard]] const Fields& all() const noexcept { return fields_; }

 private:
  Fields fields_;
};

struct Request {
  Method method = Method::get;
  std::string path = {};   ///< percent-decoded; segments hold no '/', "." or ".."
  Fields query = {};       ///< percent-decoded, '+' is a space
  Fields parameters = {};  ///< what {id} in the route's template matched
  Headers headers = {};
  Fields cookies = {};
  std::string body = {};       ///< empty for uploads, which are streamed
  net::IpAddress client = {};  ///< behind a trusted proxy the address that it forwarded
  bool secure = false;         ///< came over TLS, to us or to the trusted proxy
  std::any actor = {};         ///< left by the Gate for the handler

  /// The value of {name} in the route's template; empty if the template has none.
  [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const noexcept;
  [[nodiscard]] std::optional<std::string_view> cookie(std::string_view name) const noexcept;
};

class EventSubscription;  // event_hub.h

/// A file sent as body from its current content, in pieces.
struct FileBody {
  FileDescriptor file;
  std::uint64_t size = 0;    ///< octets to send
  std::uint64_t offset = 0;  ///< from here
};

struct Response {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  std::unique_ptr<FileBody> file = {};             ///< instead of `body`
  std::shared_ptr<EventSubscription> events = {};  ///< instead of both: an event stream
};

/// `body` as `content_type`.
[[nodiscard]] Response respond(int status, std::string_view content_type, std::string body);
/// 204 without a body.
[[nodiscard]] Response no_content();
/// 303 to `location`: after a form was taken.
[[nodiscard]] Response see_other(std::string_view location);

/// A failure as JSON: {"code", "reason", "message"}; the UI translates by `reason`. `status` 0
/// takes http_status(error.code). Messages of internal and corrupt errors stay in our log.
[[nodiscard]] Response problem(const Error& error, int status = 0);

/// The standard phrase of a status, for the status line; "Status" for others.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// True if `name` is a token and `value` holds no control character: it can be written as it is.
[[nodiscard]] bool is_writable_header(std::string_view name, std::string_view value) noexcept;

}  // namespace khien::http
