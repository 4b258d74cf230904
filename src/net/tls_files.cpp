#include "net/tls_files.h"

#include <sys/stat.h>

namespace khien::net {

TlsPairWatch::Stamp TlsPairWatch::stamp_of(const std::filesystem::path& path) noexcept {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return {};
  constexpr std::int64_t ns_per_second = 1'000'000'000;
  return {.inode = info.st_ino,
          .size = info.st_size,
          .changed_ns = info.st_mtim.tv_sec * ns_per_second + info.st_mtim.tv_nsec};
}

bool TlsPairWatch::look() noexcept {
  const Stamp certificate = stamp_of(pair_.certificate);
  const Stamp key = stamp_of(pair_.key);
  const bool changed = !looked_ || certificate != certificate_ || key != key_;
  certificate_ = certificate;
  key_ = key;
  looked_ = true;
  return changed;
}

}  // namespace khien::net
