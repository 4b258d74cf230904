// Evidence as octets: files named by their SHA-256, hashed while they are written and never changed
// afterwards. What an item means, who touched it and why stands in item.h. One folder, any number
// of threads and processes.
//
//   ROOT/incoming/…            being written; left over only after a crash, removed at open()
//   ROOT/items/ab/abcdef…      whole, synced, 0440
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"
#include "crypto/hash.h"

namespace khien::evidence {

constexpr std::uint64_t item_size_max = 20ULL << 20U;  // octets of one item

/// What was written: the name of the content, and how much there is.
struct Content {
  std::string sha256;  ///< 64 hexadecimal characters
  std::uint64_t size = 0;
  Octets head = {};  ///< its first octets, at most content_head_size, to tell what it is
};
constexpr std::size_t content_head_size = 512;

class ContentStore;

/// One item on its way in. Destroyed without finish(): nothing stays.
class ContentWriter {
 public:
  ContentWriter(ContentWriter&&) noexcept = default;
  ContentWriter& operator=(ContentWriter&&) noexcept = delete;
  ~ContentWriter();

  /// limit_exceeded "file_too_large" past item_size_max; unavailable if the disk refuses.
  [[nodiscard]] Result<void> write(Bytes data);
  /// Syncs, names the file by its hash and syncs the folder: after this a crash loses nothing. The
  /// same content written twice is stored once. invalid_argument "file_empty".
  [[nodiscard]] Result<Content> finish();

 private:
  friend class ContentStore;
  ContentWriter(const ContentStore& store, std::filesystem::path path, FileDescriptor file);
  const ContentStore* store_;
  std::filesystem::path path_;  // empty once finished or moved from
  FileDescriptor file_;
  crypto::Sha256 hash_;
  Content content_;
};

class ContentStore {
 public:
  /// Makes the folders and removes what a crash left behind. unavailable.
  [[nodiscard]] static Result<std::unique_ptr<ContentStore>> open(std::filesystem::path root);

  [[nodiscard]] Result<ContentWriter> begin() const;
  /// All of one item, hashed as it is read: corrupt if it is not what its name says; not_found.
  [[nodiscard]] Result<Octets> read(const std::string& sha256) const;
  /// Hashes the file without keeping it. Errors as read().
  [[nodiscard]] Result<void> verify(const std::string& sha256) const;
  /// Removes the content for good, unless it was written (or written again) after
  /// `written_before_ms`: then false. True also if it is not there.
  [[nodiscard]] Result<bool> remove(const std::string& sha256,
                                    std::int64_t written_before_ms) const;
  [[nodiscard]] std::filesystem::path path_of(const std::string& sha256) const;

 private:
  friend class ContentWriter;
  explicit ContentStore(std::filesystem::path root) : root_(std::move(root)) {}
  std::filesystem::path root_;
};

}  // namespace khien::evidence
