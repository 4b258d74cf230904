#include "cases/name_index.h"

#include <algorithm>
#include <utility>

#include "text/host.h"

namespace khien::cases {
namespace {

std::string reverse(std::string_view name) { return {name.rbegin(), name.rend()}; }

}  // namespace

NameIndex::NameIndex(std::vector<NameList> lists) {
  std::size_t count = 0;
  for (const auto& list : lists) count += list.names.size();
  entries_.reserve(count);
  for (auto& list : lists) {
    const auto index = static_cast<std::uint32_t>(facts_.size());
    for (const auto& listed : list.names) {
      entries_.push_back({reverse(listed.name), listed.rank, index});
    }
    facts_.push_back(std::move(list.facts));
  }
  std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair{std::string_view{a.reversed}, a.list} <
           std::pair{std::string_view{b.reversed}, b.list};
  });
}

NameHit NameIndex::hit(const Entry& entry) const {
  return {&facts_[entry.list], reverse(entry.reversed), entry.rank};
}

std::size_t NameIndex::first_not_less(std::string_view reversed) const {
  const auto at = std::lower_bound(
      entries_.begin(), entries_.end(), reversed,
      [](const Entry& entry, std::string_view wanted) { return entry.reversed < wanted; });
  return static_cast<std::size_t>(at - entries_.begin());
}

void NameIndex::add_exact(std::string_view reversed, std::vector<NameHit>& out) const {
  for (std::size_t i = first_not_less(reversed);
       i < entries_.size() && entries_[i].reversed == reversed; ++i) {
    out.push_back(hit(entries_[i]));
  }
}

std::vector<NameHit> NameIndex::exact(std::string_view host) const {
  std::vector<NameHit> out;
  add_exact(reverse(host), out);
  return out;
}

std::vector<NameHit> NameIndex::above(std::string_view host) const {
  std::vector<NameHit> out;
  for (auto parent = text::parent_of(host); parent; parent = text::parent_of(*parent)) {
    add_exact(reverse(*parent), out);
  }
  return out;
}

std::vector<NameHit> NameIndex::below(std::string_view host, std::size_t count_max) const {
  const std::string prefix = reverse(host) + ".";
  std::vector<NameHit> out;
  for (std::size_t i = first_not_less(prefix); i < entries_.size() && out.size() < count_max; ++i) {
    if (!entries_[i].reversed.starts_with(prefix)) break;
    out.push_back(hit(entries_[i]));
  }
  return out;
}

std::size_t NameIndex::count_below(std::string_view host) const {
  const std::string reversed = reverse(host);
  // '/' is the character after '.', so this is the end of everything that starts with "host.".
  return first_not_less(reversed + "/") - first_not_less(reversed + ".");
}

}  // namespace khien::cases
