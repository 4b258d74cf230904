#include "exchange/name_set.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "text/host.h"

namespace khien::exchange {
namespace {

constexpr char label_end = '\x01';
constexpr std::size_t keys_size_max = std::size_t{1} << 30U;
constexpr std::string_view storage_mark = "KHNAMES1";

std::string to_key(std::string_view host) {
  std::string key{host.rbegin(), host.rend()};
  std::replace(key.begin(), key.end(), '.', label_end);
  return key;
}

std::string to_host(std::string_view key) {
  std::string host{key.rbegin(), key.rend()};
  std::replace(host.begin(), host.end(), label_end, '.');
  return host;
}

bool is_below(std::string_view key, std::string_view ancestor) noexcept {
  return key.size() > ancestor.size() && key.starts_with(ancestor) &&
         key[ancestor.size()] == label_end;
}

bool is_host_key(std::string_view key) {
  const auto host = to_host(key);
  const auto normalised = text::host_from(host);
  return normalised && *normalised == host;
}

}  // namespace

std::string_view NameSet::key(std::size_t index) const noexcept {
  const std::size_t start = starts_[index];
  const std::size_t end = index + 1 < starts_.size() ? starts_[index + 1] : keys_.size();
  return std::string_view{keys_}.substr(start, end - start);
}

std::size_t NameSet::find(std::string_view wanted) const noexcept {
  std::size_t low = 0;
  std::size_t high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (key(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < size() && key(low) == wanted ? low : size();
}

void NameSet::append(std::string_view key_text, cases::Scope scope) {
  starts_.push_back(static_cast<std::uint32_t>(keys_.size()));
  keys_.append(key_text);
  scopes_.push_back(scope);
}

bool NameSet::contains(std::string_view host) const { return find(to_key(host)) < size(); }

bool NameSet::covers(std::string_view host) const {
  if (contains(host)) return true;
  for (auto parent = text::parent_of(host); parent; parent = text::parent_of(*parent)) {
    const std::size_t at = find(to_key(*parent));
    if (at < size() && scopes_[at] == cases::Scope::domain) return true;
  }
  return false;
}

void NameSet::for_each(const Visit& visit) const {
  for (std::size_t i = 0; i < size(); ++i) visit(to_host(key(i)), scopes_[i]);
}

std::string NameSet::hash() const {
  crypto::Sha256 hash;
  std::string line;
  for_each([&](std::string_view host, cases::Scope scope) {
    line.assign(host).append(1, ' ').append(cases::to_string(scope)).append(1, '\n');
    hash.update(line);
  });
  return codec::hex(hash.finish());
}

// Layout: mark, then for each name: octets shared with the key before, octets that follow, scope,
// the octets. A host has at most 253 characters, so each count fits one octet.
Octets NameSet::write() const {
  std::string out{storage_mark};
  std::string_view before;
  for (std::size_t i = 0; i < size(); ++i) {
    const auto now = key(i);
    const auto both = std::mismatch(before.begin(), before.end(), now.begin(), now.end());
    const auto shared = static_cast<std::size_t>(both.second - now.begin());
    out.push_back(static_cast<char>(shared));
    out.push_back(static_cast<char>(now.size() - shared));
    out.push_back(static_cast<char>(scopes_[i]));
    out.append(now.substr(shared));
    before = now;
  }
  return to_octets(out);
}

Result<NameSet> NameSet::read(Bytes octets) {
  auto rest = as_text(octets);
  const auto corrupt = [] { return fail(ErrorCode::corrupt, "a stored set of names is damaged"); };
  if (!rest.starts_with(storage_mark)) return corrupt();
  rest.remove_prefix(storage_mark.size());
  NameSet set;
  std::string before;
  while (!rest.empty()) {
    if (rest.size() < 3 || set.size() == name_set_names_max) return corrupt();
    const auto shared = static_cast<unsigned char>(rest[0]);
    const auto more = static_cast<unsigned char>(rest[1]);
    const auto scope = static_cast<unsigned char>(rest[2]);
    rest.remove_prefix(3);
    if (shared > before.size() || more > rest.size() || scope > 1) return corrupt();
    std::string now = before.substr(0, shared);
    now.append(rest.substr(0, more));
    rest.remove_prefix(more);
    if (now <= before || !is_host_key(now)) return corrupt();
    if (set.keys_.size() > keys_size_max) return corrupt();
    set.append(now, static_cast<cases::Scope>(scope));
    before = std::move(now);
  }
  return set;
}

bool NameSetBuilder::add(const ListEntry& entry) {
  // Duplicates count against the maximum too: a list that repeats itself must not grow memory.
  if (items_.size() >= name_set_names_max || entry.host.size() > text::host_size_max ||
      keys_.size() > keys_size_max - entry.host.size()) {
    return false;
  }
  items_.push_back({static_cast<std::uint32_t>(keys_.size()),
                    static_cast<std::uint16_t>(entry.host.size()),
                    static_cast<std::uint8_t>(entry.reach)});
  keys_.append(to_key(entry.host));
  return true;
}

NameSet NameSetBuilder::build(SetCounts& counts) {
  const std::string_view keys = keys_;
  const auto key = [keys](const Item& item) { return keys.substr(item.start, item.size); };
  std::sort(items_.begin(), items_.end(),
            [&key](const Item& a, const Item& b) { return key(a) < key(b); });
  counts.added += items_.size();

  NameSet set;
  std::string_view domain;  // the last kept name with scope domain
  for (std::size_t i = 0; i < items_.size();) {
    const auto name = key(items_[i]);
    unsigned reach = 0;
    unsigned parts = 0;
    for (; i < items_.size() && key(items_[i]) == name; ++i) {
      // "name" and "*.name" are two halves of one entry, not duplicates.
      if ((reach | items_[i].reach) == reach) ++counts.duplicate;
      reach |= items_[i].reach;
      ++parts;
    }
    KHIEN_ASSERT(parts > 0);
    if (!domain.empty() && is_below(name, domain)) {
      ++counts.redundant;
    } else if (reach == static_cast<unsigned>(Reach::below)) {
      ++counts.below_only;
    } else {
      const bool wide = reach == static_cast<unsigned>(Reach::domain);
      set.append(name, wide ? cases::Scope::domain : cases::Scope::host);
      if (wide) domain = name;
    }
  }
  items_.clear();
  items_.shrink_to_fit();
  keys_.clear();
  keys_.shrink_to_fit();
  return set;
}

SetDifference difference(const NameSet& before, const NameSet& after) {
  SetDifference out;
  std::size_t a = 0;
  std::size_t b = 0;
  while (a < before.size() || b < after.size()) {
    const bool only_a = b == after.size() || (a < before.size() && before.key(a) < after.key(b));
    const bool only_b = a == before.size() || (b < after.size() && after.key(b) < before.key(a));
    const bool changed = !only_a && !only_b && before.scopes_[a] != after.scopes_[b];
    if (only_a || changed) out.removed.emplace_back(to_host(before.key(a)), before.scopes_[a]);
    if (only_b || changed) out.added.emplace_back(to_host(after.key(b)), after.scopes_[b]);
    if (!only_b) ++a;
    if (!only_a) ++b;
  }
  return out;
}

NameSet unite(std::span<const NameSet* const> sets) {
  // Few sets at a time: take the least next key among them.
  std::vector<std::size_t> at(sets.size(), 0);
  NameSet out;
  std::string domain;
  for (;;) {
    std::optional<std::string_view> least;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (at[i] == sets[i]->size()) continue;
      const auto key = sets[i]->key(at[i]);
      if (!least || key < *least) least = key;
    }
    if (!least) break;
    auto scope = cases::Scope::host;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (at[i] == sets[i]->size() || sets[i]->key(at[i]) != *least) continue;
      if (sets[i]->scopes_[at[i]] == cases::Scope::domain) scope = cases::Scope::domain;
      ++at[i];
    }
    if (!domain.empty() && is_below(*least, domain)) continue;
    out.append(*least, scope);
    if (scope == cases::Scope::domain) domain = std::string{*least};
  }
  return out;
}

}  // namespace khien::exchange
