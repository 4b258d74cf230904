#include "resolver/edit_spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace khien::resolver {
namespace {

constexpr ::mode_t owner_only = 0600;

constexpr std::uint8_t flag_add = 1;
constexpr std::uint8_t flag_exact = 2;
constexpr std::uint8_t flag_below = 4;
constexpr std::uint8_t flag_nodata = 8;
constexpr std::uint8_t flag_rare = 16;

std::uint8_t flags_of(const SpoolEdit& edit) noexcept {
  return static_cast<std::uint8_t>((edit.add ? flag_add : 0) | (edit.exact ? flag_exact : 0) |
                                   (edit.below ? flag_below : 0) | (edit.nodata ? flag_nodata : 0) |
                                   (edit.rare ? flag_rare : 0));
}

// A file that is nobody's but ours from its first moment on. Not every file system has O_TMPFILE.
FileDescriptor make_nameless_file(const std::filesystem::path& folder) {
  FileDescriptor file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, owner_only)};
  if (file.valid()) return file;
  std::string name = (folder / "spool.XXXXXX").string();
  FileDescriptor named{::mkostemp(name.data(), O_CLOEXEC)};
  if (named.valid()) ::unlink(name.c_str());
  return named;
}

}  // namespace

EditSpool::EditSpool(const policy::HashKey& key, std::filesystem::path folder)
    : key_(key), folder_(std::move(folder)), parts_(policy::shard_count) {}

SpoolEdit EditSpool::edit_at(Bytes octets, std::size_t at) noexcept {
  const std::uint8_t flags = octets[at];
  return {.source = {octets[at + 1]},
          .add = (flags & flag_add) != 0,
          .exact = (flags & flag_exact) != 0,
          .below = (flags & flag_below) != 0,
          .nodata = (flags & flag_nodata) != 0,
          .rare = (flags & flag_rare) != 0,
          .name = octets.subspan(at + 3, octets[at + 2])};
}

// Zones have `name` and `*.name` one after the other: added together they are one entry.
bool EditSpool::joins_last(const SpoolEdit& edit) noexcept {
  if (last_ == nullptr || !edit.add || edit.rare) return false;
  const SpoolEdit last = edit_at(last_->rest, last_at_);
  if (!last.add || last.rare || last.source != edit.source || last.nodata != edit.nodata)
    return false;
  if ((last.exact && edit.exact) || (last.below && edit.below)) return false;
  if (!std::ranges::equal(last.name, edit.name)) return false;
  last_->rest[last_at_] |= flags_of(edit);
  return true;
}

void EditSpool::put(const SpoolEdit& edit) {
  if (joins_last(edit)) return;
  const policy::NameKey name{edit.name, key_};
  Part& part = parts_[policy::shard_of(name)];
  if (part.rest.size() + edit_size(edit.name) > spool_chunk_size) put_away(part);
  last_ = &part;
  last_at_ = part.rest.size();
  part.rest.push_back(flags_of(edit));
  part.rest.push_back(edit.source.index);
  part.rest.push_back(static_cast<std::uint8_t>(edit.name.size()));
  part.rest.insert(part.rest.end(), edit.name.begin(), edit.name.end());
  ++part.count;
  part.name_octets += edit.name.size();
}

bool EditSpool::put_rare(policy::Source source, const RuleEdit& edit) {
  if (rare_.octets().size() > spool_rare_size_max) {
    ++rare_dropped_;
    return false;
  }
  rare_.push(edit);
  if (edit.rare->kind != dns::RpzTriggerKind::qname) return true;
  put({.source = source,
       .add = edit.add,
       .exact = !edit.rare->below,
       .below = edit.rare->below,
       .rare = true,
       .name = edit.rare->key});
  return true;
}

void EditSpool::push(policy::Source source, const RuleEdit& edit) {
  if (edit.rare) {
    if (!put_rare(source, edit)) return;
  } else {
    put({.source = source,
         .add = edit.add,
         .exact = !edit.below,
         .below = edit.below,
         .nodata = edit.nodata,
         .name = edit.name});
  }
  ++count_;
  if (is_large_) return;
  in_order_.push(edit);
  if (in_order_.octets().size() <= spool_in_order_size_max) return;
  is_large_ = true;
  in_order_ = {};
}

void EditSpool::push_all(policy::Source source, const RuleEdits& edits) {
  edits.for_each([&](const RuleEdit& edit) { push(source, edit); });
}

void EditSpool::push_whole(policy::Source source, Bytes name) {
  put({.source = source, .exact = true, .below = true, .name = name});
  ++count_;
  is_large_ = true;
}

void EditSpool::put_away(Part& part) {
  Chunk chunk{.offset = file_end_, .size = part.rest.size()};
  if (write(part.rest)) {
    file_end_ += chunk.size;
  } else {
    chunk.octets = part.rest;
  }
  part.chunks.push_back(std::move(chunk));
  part.rest.clear();
  if (last_ == &part) last_ = nullptr;
}

bool EditSpool::write(Bytes octets) {
  if (folder_.empty()) return false;
  if (!file_.valid()) {
    file_ = make_nameless_file(folder_);
    if (!file_.valid()) {
      folder_.clear();  // not tried again for each chunk
      return false;
    }
  }
  for (std::uint64_t at = file_end_; !octets.empty();) {
    const auto put = ::pwrite(file_.get(), octets.data(), octets.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += static_cast<std::uint64_t>(put);
    octets = octets.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

Result<Bytes> EditSpool::read(const Chunk& chunk, Octets& buffer) const {
  if (!chunk.octets.empty()) return Bytes{chunk.octets};
  buffer.resize(chunk.size);
  for (std::size_t done = 0; done < chunk.size;) {
    const auto got = ::pread(file_.get(), buffer.data() + done, chunk.size - done,
                             static_cast<off_t>(chunk.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return fail(ErrorCode::unavailable,
                  std::string{"cannot read what a transfer brought: "} + std::strerror(errno));
    }
    done += static_cast<std::size_t>(got);
  }
  return Bytes{buffer};
}

std::size_t EditSpool::memory_size() const noexcept {
  std::size_t size = in_order_.octets().size();
  for (const Part& part : parts_) {
    size += part.rest.size();
    for (const Chunk& chunk : part.chunks) size += chunk.octets.size();
  }
  return size;
}

}  // namespace khien::resolver
