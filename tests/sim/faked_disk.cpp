#include "faked_disk.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace khien::sim {
namespace {

constexpr std::size_t sector_size = 512;

FakedDisk* watching_now = nullptr;

void put(Octets& content, std::uint64_t offset, Bytes octets) {
  const std::size_t end = static_cast<std::size_t>(offset) + octets.size();
  if (content.size() < end) content.resize(end);
  std::copy(octets.begin(), octets.end(), content.begin() + static_cast<std::ptrdiff_t>(offset));
}

/// All, nothing, the beginning, or some sectors with zeros between them.
void put_torn(Octets& content, std::uint64_t offset, Bytes octets, Rng& rng) {
  switch (rng.below(4)) {
    case 0: put(content, offset, octets); return;
    case 1: return;
    case 2: put(content, offset, octets.first(rng.below(octets.size() + 1))); return;
    default: break;
  }
  for (std::size_t at = 0; at < octets.size();) {
    // Sectors of the file, not of the write: one may begin before it.
    const std::size_t in_sector = (static_cast<std::size_t>(offset) + at) % sector_size;
    const std::size_t size = std::min(sector_size - in_sector, octets.size() - at);
    const bool is_there = rng.below(2) == 0;
    const Octets zeros(size);
    put(content, offset + at, is_there ? octets.subspan(at, size) : Bytes{zeros});
    at += size;
  }
}

}  // namespace

/// What lies on the disk for sure, and what may or may not.
class FakedDisk::Image {
 public:
  void take(const Event& event) {
    switch (event.kind) {
      case Kind::write:
      case Kind::truncate: files_[event.file].open.push_back(&event); break;
      case Kind::sync_file: settle(files_[event.file]); break;
      case Kind::sync_folder:
        for (const Event* change : open_names_) apply(change);
        open_names_.clear();
        break;
      case Kind::make:
      case Kind::rename:
      case Kind::unlink: open_names_.push_back(&event); break;
    }
  }

  /// Everything as the process left it.
  Files whole() && {
    for (const Event* change : open_names_) apply(change);
    for (auto& [number, file] : files_) settle(file);
    return named();
  }

  Files torn(Rng& rng) && {
    for (const Event* change : open_names_) {
      if (rng.below(2) == 0) apply(change);
    }
    for (auto& [number, file] : files_) {
      for (const Event* change : file.open) {
        if (change->kind == Kind::write) {
          put_torn(file.content, change->offset, change->octets, rng);
        } else if (rng.below(2) == 0) {
          file.content.resize(static_cast<std::size_t>(change->offset));
        }
      }
    }
    return named();
  }

 private:
  struct File {
    Octets content;
    std::vector<const Event*> open;  // since the last sync
  };
  static void settle(File& file) {
    for (const Event* change : file.open) {
      if (change->kind == Kind::write) {
        put(file.content, change->offset, change->octets);
      } else {
        file.content.resize(static_cast<std::size_t>(change->offset));
      }
    }
    file.open.clear();
  }
  void apply(const Event* change) {
    if (change->kind == Kind::make) {
      names_[change->name] = change->file;
      return;
    }
    const auto found = names_.find(change->name);
    if (found == names_.end()) return;  // the name itself was lost
    const std::uint64_t file = found->second;
    names_.erase(found);
    if (change->kind == Kind::rename) names_[change->to] = file;
  }
  Files named() {
    Files files;
    for (const auto& [name, number] : names_) files[name] = files_[number].content;
    return files;
  }

  std::map<std::string, std::uint64_t> names_;
  std::map<std::uint64_t, File> files_;
  std::vector<const Event*> open_names_;
};

FakedDisk::FakedDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
  KHIEN_ASSERT(watching_now == nullptr);
  watching_now = this;
}

void FakedDisk::stop() noexcept {
  if (watching_now == this) watching_now = nullptr;
}

FakedDisk* FakedDisk::watching(const std::string& path) {
  if (watching_now == nullptr) return nullptr;
  return path.starts_with(watching_now->folder_.native()) ? watching_now : nullptr;
}

FakedDisk::Files FakedDisk::after_power_cut(std::size_t count, Rng& rng) const {
  Image image;
  for (std::size_t i = 0; i < count; ++i) image.take(events_[i]);
  return std::move(image).torn(rng);
}

FakedDisk::Files FakedDisk::after_kill(std::size_t count) const {
  Image image;
  for (std::size_t i = 0; i < count; ++i) image.take(events_[i]);
  return std::move(image).whole();
}

void FakedDisk::go_on_from(const FakedDisk& other, std::size_t count) {
  events_.assign(other.events_.begin(), other.events_.begin() + static_cast<std::ptrdiff_t>(count));
  next_file_ = other.next_file_;
  for (const Event& event : events_) {
    if (event.kind == Kind::make) files_[event.name] = event.file;
    if (event.kind == Kind::rename) {
      files_[event.to] = files_[event.name];
      files_.erase(event.name);
    }
    if (event.kind == Kind::unlink) files_.erase(event.name);
  }
}

std::string FakedDisk::name_of(const std::string& path) const {
  return path.substr(std::min(path.size(), folder_.native().size() + 1));
}

std::uint64_t FakedDisk::file_at(const std::string& path) {
  const std::string name = name_of(path);
  const auto [found, is_new] = files_.try_emplace(name, next_file_);
  if (is_new) events_.push_back({.kind = Kind::make, .file = next_file_++, .name = name});
  return found->second;
}

void FakedDisk::on_write(const std::string& path, std::uint64_t offset, Bytes octets) {
  const std::uint64_t file = file_at(path);
  events_.push_back(
      {.kind = Kind::write, .file = file, .offset = offset, .octets = to_octets(octets)});
}

void FakedDisk::on_truncate(const std::string& path, std::uint64_t size) {
  const std::uint64_t file = file_at(path);
  events_.push_back({.kind = Kind::truncate, .file = file, .offset = size});
}

bool FakedDisk::on_sync(const std::string& path) {
  if (path == folder_.native()) {
    events_.push_back({.kind = Kind::sync_folder});
    return true;
  }
  if (std::exchange(fails_next_sync_, false)) return false;
  const std::uint64_t file = file_at(path);
  events_.push_back({.kind = Kind::sync_file, .file = file});
  return true;
}

void FakedDisk::on_rename(const std::string& from, const std::string& to) {
  const std::uint64_t file = file_at(from);
  files_.erase(name_of(from));
  files_[name_of(to)] = file;
  events_.push_back({.kind = Kind::rename, .name = name_of(from), .to = name_of(to)});
}

void FakedDisk::on_unlink(const std::string& path) {
  if (files_.erase(name_of(path)) == 0) return;  // the lock file: it holds nothing
  events_.push_back({.kind = Kind::unlink, .name = name_of(path)});
}

}  // namespace khien::sim
