// What a process that was started as root gives away once it has bound its ports: the user, its
// groups, every capability, and the right to get any of it back. Call it before the first thread
// starts: Linux keeps credentials by thread.
#pragma once

#include <string>

#include "base/result.h"
#include "resolver/service.h"

namespace khien::dnsd {

/// Becomes `user` for good. not_found without such a user, denied if we may not, internal if the
/// kernel let us back afterwards: then the process must end.
[[nodiscard]] Result<void> become_user(const std::string& user);

/// Empties all capability sets and sets no_new_privs: what is run later (nothing is) gains nothing.
[[nodiscard]] Result<void> give_up_capabilities();

/// Descriptors that `options` may take at once: connections of clients, and what else there is.
[[nodiscard]] std::size_t descriptors_wanted(const resolver::ServiceOptions& options) noexcept;

/// Raises the soft limit of open files (LimitNOFILE, ulimit -n) towards `wanted`, at most to the
/// hard one; returns what it is now. What is missing is refused connections, not a failed start.
std::size_t raise_descriptor_limit(std::size_t wanted) noexcept;

}  // namespace khien::dnsd
