#include "net/tls_error.h"

#include <openssl/err.h>

#include <cstring>

namespace khien::net {

std::string take_tls_error() {
  // The last entry is the outermost call; the first one says what really happened.
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown reason";
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "OpenSSL error " + std::to_string(code);
}

}  // namespace khien::net
