// glibc keeps what was freed for the next request of the same thread. A list of a million names
// leaves a few hundred megabytes of that behind, which nobody asks for until tomorrow's list.
#pragma once

#include <malloc.h>

namespace khien::khiend {

/// Gives free memory of this process back to the machine. Some ten milliseconds.
inline void give_back_free_memory() noexcept { (void)::malloc_trim(0); }

}  // namespace khien::khiend
