// The two files of a server's identity, and whether they have changed since somebody looked. One
// thread. Reads nothing but what the file system says of them.
#pragma once

#include <cstdint>
#include <filesystem>

namespace khien::net {

struct TlsPairFiles {
  std::filesystem::path certificate = {};
  std::filesystem::path key = {};
};

class TlsPairWatch {
 public:
  explicit TlsPairWatch(TlsPairFiles pair) : pair_(std::move(pair)) {}

  [[nodiscard]] const TlsPairFiles& pair() const noexcept { return pair_; }
  /// True at the first look, and whenever either file was moved, written or touched since the last
  /// one. Look before reading: what is written meanwhile is seen at the next look.
  [[nodiscard]] bool look() noexcept;

 private:
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const noexcept = default;
  };
  [[nodiscard]] static Stamp stamp_of(const std::filesystem::path& path) noexcept;

  TlsPairFiles pair_;
  Stamp certificate_;
  Stamp key_;
  bool looked_ = false;
};

}  // namespace khien::net
