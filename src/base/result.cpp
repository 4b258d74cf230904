#include "base/result.h"

#include <array>

namespace khien {
namespace {

struct Row {
  std::string_view name;
  int http_status;
  int exit_code;
};

// In the order of ErrorCode. Exit codes are sysexits(3): EX_USAGE 64, EX_DATAERR 65, EX_NOINPUT 66,
// EX_UNAVAILABLE 69, EX_SOFTWARE 70, EX_CANTCREAT 73, EX_IOERR 74, EX_TEMPFAIL 75, EX_NOPERM 77.
constexpr std::array<Row, 10> rows{{
    {"invalid_argument", 400, 64},
    {"malformed", 400, 65},
    {"not_found", 404, 66},
    {"conflict", 409, 73},
    {"denied", 403, 77},
    {"limit_exceeded", 429, 69},
    {"unavailable", 503, 75},
    {"timeout", 504, 75},
    {"corrupt", 500, 74},
    {"internal", 500, 70},
}};

const Row& row_of(ErrorCode code) noexcept { return rows[static_cast<std::size_t>(code)]; }

}  // namespace

std::string_view to_string(ErrorCode code) noexcept { return row_of(code).name; }
int http_status(ErrorCode code) noexcept { return row_of(code).http_status; }
int exit_code(ErrorCode code) noexcept { return row_of(code).exit_code; }

tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string reason) {
  return tl::unexpected<Error>{
      Error{.code = code, .message = std::move(message), .reason = std::move(reason)}};
}

tl::unexpected<Error> propagate(Error error, std::string_view doing) {
  error.message.insert(0, ": ").insert(0, doing);
  return tl::unexpected<Error>{std::move(error)};
}

}  // namespace khien
