// What the running process may still ask of the kernel, so that a hole in a parser is worth little:
//
//   system calls   a list of those that the threads use (seccomp); any other fails with EPERM and
//                  is logged by the kernel; those that only an intruder wants (execve, ptrace and
//                  their kin) end the process
//   memory         nothing may be made executable any more
//   files          nothing is written, made, removed or executed but below the given folders
//                  (Landlock, where the kernel has it); reading is left to the user's rights,
//                  because a reload follows whatever links certificates and lists lie behind
//
// Entered after everything is bound and loaded, before the first thread; threads inherit it. There
// is no way back. What a feature newly needs is added to the list in sandbox.cpp with its reason.
#pragma once

#include <filesystem>
#include <span>

#include "base/result.h"

namespace khien::dnsd {

/// Whether Landlock limits files here: old kernels and some containers have none.
enum class FileLimits { landlock, none };

/// Puts this process and all its later threads into the sandbox; below the folders `written` it may
/// write. unavailable if the kernel refuses the filter. Needs give_up_capabilities() before it.
[[nodiscard]] Result<FileLimits> enter_sandbox(std::span<const std::filesystem::path> written);

}  // namespace khien::dnsd
