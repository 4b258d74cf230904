// A disk that forgets what was not synced, for simulations of crashes: what this process does to
// the files of one folder is written down, system call by system call, and from the record the
// folder is built as a power cut at any of them may have left it.
//
// The seam is below our code, at the C library (libc_seam.cpp): write(2), ftruncate(2), fsync(2),
// fdatasync(2), rename(2) and unlink(2) of this program come here first. So FrameFile,
// write_file_atomically() and whatever else touches the folder are the ones that run in khiend.
//
// What a power cut may do (POSIX promises no more): of each file, what was written since its last
// fsync is there, is missing, or is there in part, in sectors of 512 octets, each by itself, with
// zeros for what is missing; the same for cuts of the file's size. Of the folder, each name made,
// renamed or removed since its last fsync is there or not, each by itself. A killed process loses
// nothing: then the files are as they stand, but what was not synced may still be lost later.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"

namespace khien::sim {

class FakedDisk {
 public:
  /// Watches `folder`, an absolute path without links, from now on. It must be empty, or hold what
  /// go_on_from() is told of before anything else. One watches at a time; one thread.
  explicit FakedDisk(std::filesystem::path folder);
  FakedDisk(const FakedDisk&) = delete;
  FakedDisk& operator=(const FakedDisk&) = delete;
  ~FakedDisk() { stop(); }
  /// Watches no more; the record stays.
  void stop() noexcept;

  /// System calls so far: the points at which the power can be cut.
  [[nodiscard]] std::size_t event_count() const noexcept { return events_.size(); }

  /// The files that a power cut after the first `count` calls leaves.
  using Files = std::map<std::string, Octets>;
  [[nodiscard]] Files after_power_cut(std::size_t count, Rng& rng) const;
  /// The files that a kill after the first `count` calls leaves.
  [[nodiscard]] Files after_kill(std::size_t count) const;
  /// Takes over the first `count` calls of `other`, whose files after a kill stand in the folder:
  /// what was not synced there can be lost here.
  void go_on_from(const FakedDisk& other, std::size_t count);

  /// The next fsync or fdatasync of a file fails, once; nothing is known of its writes then.
  void fail_next_sync() noexcept { fails_next_sync_ = true; }

  // What libc_seam.cpp tells, before the call is made. `path` is absolute.
  [[nodiscard]] static FakedDisk* watching(const std::string& path);
  void on_write(const std::string& path, std::uint64_t offset, Bytes octets);
  void on_truncate(const std::string& path, std::uint64_t size);
  /// False if it is to fail.
  [[nodiscard]] bool on_sync(const std::string& path);
  void on_rename(const std::string& from, const std::string& to);
  void on_unlink(const std::string& path);

 private:
  enum class Kind : std::uint8_t { write, truncate, sync_file, sync_folder, make, rename, unlink };
  struct Event {
    Kind kind;
    std::uint64_t file = 0;    // of write, truncate, sync_file, make
    std::uint64_t offset = 0;  // of write; the size of truncate
    Octets octets = {};
    std::string name = {};  // of make, rename, unlink
    std::string to = {};    // of rename
  };
  class Image;
  /// The file of that name, which is made if it was not seen before.
  std::uint64_t file_at(const std::string& path);
  [[nodiscard]] std::string name_of(const std::string& path) const;

  std::filesystem::path folder_;
  std::vector<Event> events_;
  std::map<std::string, std::uint64_t> files_;  // by name, as the process sees them
  std::uint64_t next_file_ = 1;
  bool fails_next_sync_ = false;
};

}  // namespace khien::sim
