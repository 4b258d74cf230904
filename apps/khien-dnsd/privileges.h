// What a process that was started as root gives away once it has bound its ports: the user, its
// groups, every capability, and the right to get any of it back. Call it before the first thread
// starts: Linux keeps credentials by thread.
#pragma once

#include <string>

#include "base/result.h"

namespace khien::dnsd {

/// Becomes `user` for good. not_found without such a user, denied if we may not, internal if the
/// kernel let us back afterwards: then the process must end.
[[nodiscard]] Result<void> become_user(const std::string& user);

/// Empties all capability sets and sets no_new_privs: what is run later (nothing is) gains nothing.
[[nodiscard]] Result<void> give_up_capabilities();

}  // namespace khien::dnsd
