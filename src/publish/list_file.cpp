#include "publish/list_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "publish/address_names.h"
#include "publish/url_names.h"

namespace khien::publish {
namespace {

constexpr std::size_t piece_size = 256UL * 1024;  // octets written or copied at once
constexpr std::size_t names_a_turn_max = 1'024;   // copied out of the zone before they are written

tl::unexpected<Error> disk_error(std::string_view doing) {
  return fail(ErrorCode::unavailable, std::string{doing} + " a list: " + std::strerror(errno));
}

struct Entry {
  dns::Name name;
  Scope scope;
};

/// Text on its way to a file, in large pieces and within a limit.
class PieceWriter {
 public:
  PieceWriter(int fd, std::uint64_t size_max) noexcept : fd_(fd), size_max_(size_max) {}
  [[nodiscard]] std::string& text() noexcept { return text_; }
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  Result<void> flush(std::size_t above) {
    if (text_.size() <= above) return {};
    if (text_.size() > size_max_ - size_) {
      return fail(ErrorCode::limit_exceeded, "the list is larger than allowed", "list_too_large");
    }
    if (auto written = write_all(fd_, as_bytes(text_)); !written) return written;
    size_ += text_.size();
    text_.clear();
    return {};
  }

 private:
  int fd_;
  std::uint64_t size_max_;
  std::uint64_t size_ = 0;
  std::string text_;
};

struct Pass {
  exchange::ListBody body;
  PieceWriter out;
  std::uint64_t left_out = 0;

  Result<void> write(const std::vector<Entry>& entries, const ZoneFacts& zone) {
    for (const auto& entry : entries) {
      auto name = entry.name.to_text();
      name.pop_back();
      if (zone.of != SetOf::names) {
        append_address(name, zone);
        continue;
      }
      if (!exchange::is_list_name(name)) {
        ++left_out;
        continue;
      }
      const auto scope = entry.scope == Scope::domain ? cases::Scope::domain : cases::Scope::host;
      body.append({.name = name, .scope = scope, .zone = zone.id}, out.text());
    }
    return out.flush(piece_size);
  }

  /// An address or a web address.
  void append_address(std::string_view name, const ZoneFacts& zone) {
    const bool of_urls = zone.of == SetOf::urls;
    const auto text = of_urls ? url_text(name) : address_text(name);
    if (!text) {
      ++left_out;
      return;
    }
    const bool single = text->find('/') == std::string::npos;
    const auto scope = of_urls  ? cases::Scope::url
                       : single ? cases::Scope::address
                                : cases::Scope::prefix;
    body.append({.name = *text, .scope = scope, .zone = zone.id}, out.text());
  }
};

/// All names of one zone, some at a time: the zones' lock is held only while they are copied.
Result<void> write_zone(ZoneSet::ZoneReader& reader, const ZoneFacts& zone, Pass& pass) {
  std::vector<Entry> entries;
  bool more = true;
  while (more) {
    entries.clear();
    more = reader.next([&](const ZoneTable::Item& item) {
      if (entries.size() == names_a_turn_max) return false;
      if (!item.shown.name) return true;
      entries.push_back(
          {.name = dns::Name{item.name}, .scope = item.shown.below ? Scope::domain : Scope::host});
      return true;
    });
    if (auto written = pass.write(entries, zone); !written) return written;
  }
  return {};
}

}  // namespace

Result<ListEntries> write_entries(const std::filesystem::path& folder, ZoneSet& zones,
                                  const ListFacts& list, exchange::ListOutput output,
                                  std::uint64_t size_max) {
  ListEntries entries;
  entries.file = FileDescriptor{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (!entries.file.valid()) return disk_error("begin");
  // All of them are looked at before the first is read: one instant for the whole list, nearly.
  std::vector<std::unique_ptr<ZoneSet::ZoneReader>> readers;
  for (const auto* zone : list.zones) {
    readers.push_back(zones.read_zone(*zone));
    entries.serial += readers.back()->serial();
  }
  Pass pass{.body = exchange::ListBody{output}, .out = PieceWriter{entries.file.get(), size_max}};
  for (std::size_t i = 0; i < readers.size(); ++i) {
    if (auto written = write_zone(*readers[i], *list.zones[i], pass); !written) {
      return tl::unexpected<Error>{std::move(written).error()};
    }
    readers[i].reset();
  }
  if (auto written = pass.out.flush(0); !written) {
    return tl::unexpected<Error>{std::move(written).error()};
  }
  entries.size = pass.out.size();
  entries.count = pass.body.count();
  entries.domain_count = pass.body.domain_count();
  entries.left_out = pass.left_out;
  return entries;
}

Result<WrittenList> write_list(const std::filesystem::path& path, std::string_view head,
                               const ListEntries& entries, std::string_view tail) {
  const FileDescriptor file{::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600)};
  if (!file.valid()) return disk_error("make the file of");
  crypto::Blake2b hash;
  WrittenList written;
  const auto put = [&](Bytes octets) {
    hash.update(octets);
    written.size += octets.size();
    return write_all(file.get(), octets);
  };
  if (auto done = put(as_bytes(head)); !done) return tl::unexpected<Error>{done.error()};
  Octets piece(piece_size);
  for (std::uint64_t at = 0; at < entries.size;) {
    const ssize_t got =
        ::pread(entries.file.get(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return disk_error("read");
    at += static_cast<std::uint64_t>(got);
    if (auto done = put(Bytes{piece}.first(static_cast<std::size_t>(got))); !done) {
      return tl::unexpected<Error>{done.error()};
    }
  }
  if (auto done = put(as_bytes(tail)); !done) return tl::unexpected<Error>{done.error()};
  written.digest = hash.finish();
  return written;
}

}  // namespace khien::publish
