// KHIEN_ASSERT states what only a bug can break. It stays on in release; never use it on input.
#pragma once

namespace khien {

/// Writes the broken condition to standard error and aborts.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace khien

#define KHIEN_ASSERT(condition)           \
  (static_cast<bool>(condition) ? void(0) \
                                : ::khien::assertion_failed(#condition, __FILE__, __LINE__))
