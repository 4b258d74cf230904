#include "resolver/known_names.h"

#include <algorithm>

#include "codec/container.h"
#include "codec/little_endian.h"

namespace khien::resolver {
namespace {

constexpr std::string_view file_kind = "KHIENSEE";
constexpr std::uint32_t file_version = 1;
constexpr std::size_t head_size = 8 + sizeof(KnownNames::Key) + 4 + 4;
constexpr std::size_t slots_min = 1'024;

}  // namespace

KnownNames::KnownNames(Rng& rng, std::size_t generation_max) : generation_max_(generation_max) {
  KHIEN_ASSERT(generation_max_ >= 8);
  rng.fill(key_);
}

KnownNames::Hash KnownNames::hash_of(std::string_view name) const noexcept {
  const auto octets = crypto::siphash24(key_, as_bytes(name));
  return std::max<Hash>(codec::read_little<std::uint64_t>(octets), 1);
}

bool KnownNames::Generation::contains(Hash hash) const noexcept {
  if (slots.empty()) return false;
  const std::size_t mask = slots.size() - 1;
  // At most 7 of 8 slots are taken, so a free one ends this.
  for (std::size_t at = hash & mask; slots[at] != 0; at = (at + 1) & mask) {
    if (slots[at] == hash) return true;
  }
  return false;
}

void KnownNames::Generation::place(Hash hash) noexcept {
  const std::size_t mask = slots.size() - 1;
  std::size_t at = hash & mask;
  while (slots[at] != 0) at = (at + 1) & mask;
  slots[at] = hash;
}

bool KnownNames::Generation::insert(Hash hash) {
  if (contains(hash)) return false;
  if ((count + 1) * 8 > slots.size() * 7) {
    const std::vector<Hash> old =
        std::exchange(slots, std::vector<Hash>(std::max(slots_min, slots.size() * 2)));
    for (const Hash known : old) {
      if (known != 0) place(known);
    }
  }
  place(hash);
  ++count;
  return true;
}

bool KnownNames::contains(Hash hash) {
  if (current_.contains(hash)) return true;
  if (!previous_.contains(hash)) return false;
  // Only new names turn generations over, or a look would forget what it comes to next.
  if (current_.count < generation_max_) insert(hash);
  return true;
}

void KnownNames::insert(Hash hash) {
  if (current_.count >= generation_max_ && !current_.contains(hash)) {
    previous_ = std::exchange(current_, {});
  }
  (void)current_.insert(hash);
}

Octets KnownNames::file_of(std::int64_t learning_until_ms, const Key& key,
                           const std::array<std::vector<Hash>, 2>& kept) {
  Octets payload;
  payload.reserve(head_size + (kept[0].size() + kept[1].size()) * sizeof(Hash));
  codec::append_little(payload, static_cast<std::uint64_t>(learning_until_ms));
  payload.insert(payload.end(), key.begin(), key.end());
  for (const auto& hashes : kept) {
    codec::append_little(payload, static_cast<std::uint32_t>(hashes.size()));
  }
  for (const auto& hashes : kept) {
    for (const Hash hash : hashes) codec::append_little(payload, hash);
  }
  return codec::make_container(file_kind, file_version, payload);
}

Result<std::int64_t> KnownNames::read(Bytes file) {
  const auto container = codec::open_container(file, file_kind, file_version);
  if (!container) return tl::unexpected<Error>{container.error()};
  Bytes rest = container->payload;
  if (rest.size() < head_size) return fail(ErrorCode::corrupt, "seen names: cut short");
  const auto learning_until = codec::read_little<std::uint64_t>(rest);
  Key key{};
  std::ranges::copy(rest.subspan(8, key.size()), key.begin());
  std::array<std::size_t, 2> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) {
    counts[i] = codec::read_little<std::uint32_t>(rest.subspan(8 + key.size() + 4 * i));
  }
  rest = rest.subspan(head_size);
  if (rest.size() % sizeof(Hash) != 0 || counts[0] + counts[1] != rest.size() / sizeof(Hash)) {
    return fail(ErrorCode::corrupt, "seen names: counts that do not fit the size");
  }
  std::array<Generation, 2> generations;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    // A file of a process with other limits: what is too much is known no more.
    for (std::size_t k = 0; k < counts[i]; ++k, rest = rest.subspan(sizeof(Hash))) {
      const auto hash = codec::read_little<std::uint64_t>(rest);
      if (hash == 0) return fail(ErrorCode::corrupt, "seen names: an empty hash");
      if (generations[i].count < generation_max_) (void)generations[i].insert(hash);
    }
  }
  key_ = key;
  current_ = std::move(generations[0]);
  previous_ = std::move(generations[1]);
  return static_cast<std::int64_t>(learning_until);
}

}  // namespace khien::resolver
