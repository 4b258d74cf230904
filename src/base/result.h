// Expected failures as values. Result<T> is tl::expected<T, Error> that warns when it is dropped.
// Error is a closed code, which decides status and exit code, and a sentence for the operator.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace khien {

/// What kind of failure; closed. http_status() and exit_code() are the only tables from it.
enum class ErrorCode {
  invalid_argument,  ///< the caller asked for something that makes no sense
  malformed,         ///< bytes from outside break their format
  not_found,
  conflict,        ///< the state does not allow it (any more)
  denied,          ///< the actor may not, or did not prove who they are
  limit_exceeded,  ///< a named maximum was reached
  unavailable,     ///< something we need is away; trying again may help
  timeout,
  corrupt,   ///< our own data is damaged
  internal,  ///< a bug of ours
};

/// The code's name as it stands in logs and in the API, for example "not_found".
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;
/// HTTP status (RFC 9110 section 15) of a failed request.
[[nodiscard]] int http_status(ErrorCode code) noexcept;
/// Exit code of our programs, after sysexits(3).
[[nodiscard]] int exit_code(ErrorCode code) noexcept;

/// A failure. `reason` is a stable machine word in snake_case that the UI translates (for example
/// "public_suffix"), empty where the code says enough; `message` is an English sentence for the
/// operator, without personal data.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;
  std::string reason = {};
};

template <typename T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

/// `return fail(ErrorCode::not_found, "no case 17");`
[[nodiscard]] tl::unexpected<Error> fail(ErrorCode code, std::string message,
                                         std::string reason = {});

/// Passes `error` up and says what was being done: "load case: database is locked".
[[nodiscard]] tl::unexpected<Error> propagate(Error error, std::string_view doing);

}  // namespace khien
