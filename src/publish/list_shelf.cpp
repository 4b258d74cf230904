#include "publish/list_shelf.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "base/log.h"
#include "codec/hex.h"
#include "exchange/signed_list.h"
#include "publish/list_file.h"

namespace khien::publish {
namespace {

constexpr std::size_t version_octets = 8;  // of the digest: enough to tell editions of a serial

InstantMs whole_second(InstantMs at_ms) noexcept { return at_ms - at_ms % ms_per_second; }

std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string{url};
}

}  // namespace

ListShelf::ListShelf(ListShelfOptions options, ZoneSet& zones, const crypto::Ed25519Key& key,
                     const Clock& clock, Metrics& metrics)
    : options_(std::move(options)),
      zones_(zones),
      key_(key),
      public_(key.public_key()),
      clock_(clock),
      made_(metrics.counter("khien_lists_made_total", "signed lists made from the zones")),
      failed_(metrics.counter("khien_lists_failed_total", "signed lists that could not be made")),
      left_out_(metrics.counter("khien_lists_left_out_total",
                                "names left out of lists that no format can carry")) {}

Result<std::unique_ptr<ListShelf>> ListShelf::open(ListShelfOptions options, ZoneSet& zones,
                                                   const crypto::Ed25519Key& key,
                                                   const Clock& clock, Metrics& metrics) {
  std::error_code error;
  std::filesystem::remove_all(options.folder, error);
  if (!error) std::filesystem::create_directories(options.folder, error);
  if (error) {
    return fail(ErrorCode::unavailable,
                "make folder " + options.folder.string() + ": " + error.message());
  }
  return std::unique_ptr<ListShelf>{new ListShelf{std::move(options), zones, key, clock, metrics}};
}

ListShelf::Contents ListShelf::contents(const ListFacts& list) {
  Contents contents;
  for (const auto& status : zones_.status()) {
    const auto of_list = [&](const ZoneFacts* zone) { return zone->id == status.zone; };
    if (!std::ranges::any_of(list.zones, of_list)) continue;
    contents.serial += status.serial;
    contents.names += status.name_count;
  }
  return contents;
}

bool ListShelf::is_fresh(const ListFacts& list, const Edition& edition, std::uint64_t serial) {
  const auto age_ms = clock_.now_ms() - edition.made_at_ms;
  if (age_ms < 0 || age_ms >= list.renewed_ms) return false;
  return edition.serial == serial || age_ms < options_.limits.renewed_min_ms;
}

std::vector<const ListFacts*> ListShelf::offered() const {
  std::vector<const ListFacts*> lists;
  for (const ListFacts& list : all_lists()) {
    if (options_.share_feeds || !list.of_feeds) lists.push_back(&list);
  }
  return lists;
}

const ListFacts* ListShelf::find(std::string_view id) const {
  const ListFacts* list = find_list(id);
  return list != nullptr && (options_.share_feeds || !list->of_feeds) ? list : nullptr;
}

Result<OpenEdition> ListShelf::open_kept(State& state, const std::string& file, std::size_t index) {
  auto& shelf = state.shelves[file];
  const auto& kept = shelf[index];
  FileDescriptor opened{::open(kept.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (opened.valid()) return OpenEdition{.edition = kept.edition, .file = std::move(opened)};
  // Somebody emptied the folder: the next one who asks gets a new edition.
  shelf.erase(shelf.begin() + static_cast<std::ptrdiff_t>(index));
  return fail(ErrorCode::unavailable, "the list's file is gone: ask again", "list_busy");
}

Result<OpenEdition> ListShelf::newest(const ListFacts& list, exchange::ListOutput output) {
  const Wanted wanted{.list = list,
                      .output = output,
                      .file = list.id + "." + std::string{exchange::to_string(output)}};
  const auto serial = contents(list).serial;
  {
    auto state = state_.lock();
    const auto fresh = [&](const State& now) {
      const auto shelf = now.shelves.find(wanted.file);
      return shelf != now.shelves.end() && !shelf->second.empty() &&
             is_fresh(list, shelf->second.front().edition, serial);
    };
    if (fresh(*state)) return open_kept(*state, wanted.file, 0);
    if (state->making) {
      if (state->waiting >= options_.limits.waiting_max) {
        return fail(ErrorCode::unavailable, "other lists are being made: ask again in a moment",
                    "list_busy");
      }
      ++state->waiting;
      const bool free = state.wait_for(std::chrono::milliseconds{options_.limits.wait_ms},
                                       [&](const State& now) { return !now.making; });
      --state->waiting;
      if (fresh(*state)) return open_kept(*state, wanted.file, 0);
      if (!free) {
        return fail(ErrorCode::unavailable, "another list is being made: ask again in a moment",
                    "list_busy");
      }
    }
    state->making = true;
    make_room(*state, wanted.file);
  }
  auto made = make_and_keep(wanted);
  state_.notify_all();
  return made;
}

Result<OpenEdition> ListShelf::version(const ListFacts& list, exchange::ListOutput output,
                                       std::string_view version) {
  const auto file = list.id + "." + std::string{exchange::to_string(output)};
  auto state = state_.lock();
  const auto& shelf = state->shelves[file];
  for (std::size_t i = 0; i < shelf.size(); ++i) {
    const auto& edition = shelf[i].edition;
    if (edition.version == version && edition.expires_at_ms > clock_.now_ms()) {
      return open_kept(*state, file, i);
    }
  }
  return fail(ErrorCode::not_found, "this version is not kept any more: take the newest",
              "no_such_version");
}

/// Makes a new edition without the lock. Where that fails the last one goes on, while it is good.
Result<OpenEdition> ListShelf::make_and_keep(const Wanted& wanted) {
  auto made = make(wanted);
  auto state = state_.lock();
  state->making = false;
  auto& shelf = state->shelves[wanted.file];
  if (!made) {
    failed_.add();
    KHIEN_LOG(warning, "list_not_made", {"list", wanted.file}, {"why", made.error().message});
    const bool have = !shelf.empty() && shelf.front().edition.expires_at_ms > clock_.now_ms();
    if (!have) return tl::unexpected<Error>{std::move(made).error()};
    return open_kept(*state, wanted.file, 0);
  }
  made_.add();
  // The same octets (unchanged within a second) are the same edition and the same file.
  std::erase_if(shelf, [&](const Kept& kept) { return kept.path == made->path; });
  shelf.push_front(std::move(*made));
  while (shelf.size() > options_.limits.editions_max) {
    std::error_code ignored;
    std::filesystem::remove(shelf.back().path, ignored);
    shelf.pop_back();
  }
  return open_kept(*state, wanted.file, 0);
}

Result<ListShelf::Kept> ListShelf::make(const Wanted& wanted) {
  auto entries = write_entries(options_.folder, zones_, wanted.list, wanted.output,
                               options_.limits.list_size_max);
  if (!entries) return tl::unexpected<Error>{std::move(entries).error()};
  left_out_.add(static_cast<std::int64_t>(entries->left_out));
  Kept kept;
  auto& edition = kept.edition;
  edition.serial = entries->serial;
  edition.made_at_ms = whole_second(clock_.now_ms());
  edition.expires_at_ms = edition.made_at_ms + wanted.list.life_ms;
  edition.count = entries->count;
  const auto head = exchange::list_head(
      wanted.output,
      {.list = wanted.list.id,
       .title = "Khien " + wanted.list.id + " (" + host_of(options_.public_url) + ")",
       .home = options_.public_url + "/lists/",
       .objections = options_.public_url + "/object",
       .serial = edition.serial,
       .made_at_ms = edition.made_at_ms,
       .expires_at_ms = edition.expires_at_ms,
       .update_hours = wanted.list.update_hours,
       .count = entries->count,
       .domain_count = entries->domain_count});
  const auto unfinished = options_.folder / (wanted.file + ".unfinished");
  std::error_code error;
  std::filesystem::remove(unfinished, error);  // of a time before that failed
  auto written = write_list(unfinished, head, *entries, exchange::list_tail(wanted.output));
  if (!written) {
    std::filesystem::remove(unfinished, error);
    return tl::unexpected<Error>{std::move(written).error()};
  }
  edition.size = written->size;
  edition.version = std::to_string(edition.serial) + "-" +
                    codec::hex(Bytes{written->digest}.first(version_octets));
  edition.signature = exchange::sign_minisign(
      key_, written->digest,
      exchange::to_trusted_comment({.file = wanted.file,
                                    .version = edition.version,
                                    .serial = edition.serial,
                                    .made_at_ms = edition.made_at_ms,
                                    .expires_at_ms = edition.expires_at_ms}));
  kept.path = options_.folder / (wanted.file + "." + edition.version);
  std::filesystem::rename(unfinished, kept.path, error);
  if (error) return fail(ErrorCode::unavailable, "keep a list: " + error.message());
  return kept;
}

/// Takes the oldest editions away while all together are too large. What somebody is reading stays
/// readable.
void ListShelf::make_room(State& state, const std::string& file) {
  while (true) {
    std::uint64_t size = 0;
    std::deque<Kept>* oldest = nullptr;
    for (auto& [name, shelf] : state.shelves) {
      for (const auto& kept : shelf) size += kept.edition.size;
      const bool needed = name == file && shelf.size() == 1;  // in case the new one fails
      if (shelf.empty() || needed) continue;
      if (oldest == nullptr ||
          shelf.back().edition.made_at_ms < oldest->back().edition.made_at_ms) {
        oldest = &shelf;
      }
    }
    if (size <= options_.limits.shelf_size_max || oldest == nullptr) return;
    std::error_code ignored;
    std::filesystem::remove(oldest->back().path, ignored);
    oldest->pop_back();
  }
}

std::string ListShelf::sign(std::string_view text, std::string_view file, std::uint64_t serial,
                            std::int64_t life_ms) const {
  const auto digest = crypto::Blake2b{}.update(text).finish();
  const auto now_ms = whole_second(clock_.now_ms());
  return exchange::sign_minisign(
      key_, digest,
      exchange::to_trusted_comment({.file = std::string{file},
                                    .version = std::to_string(serial) + "-" +
                                               codec::hex(Bytes{digest}.first(version_octets)),
                                    .serial = serial,
                                    .made_at_ms = now_ms,
                                    .expires_at_ms = now_ms + life_ms}));
}

}  // namespace khien::publish
