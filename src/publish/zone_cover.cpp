// ZoneTable: which names are covered by a domain above them, and the fillers between the two.
//
// What holds between any two changes, with "held" for names that somebody holds:
//   - a held name is covered exactly if a held name with scope domain stands above it;
//   - a name that nobody holds has an entry, a filler, exactly if a domain stands above it and a
//     held name below it. So all names between a domain and a held name below it have entries.
// The zone then says the same to a resolver that matches as RFC 4592 does and to one that looks for
// a rule at each ancestor: where a query's closest encloser lies below a domain, it is covered.
//
// A change touches the names whose state changes; to find them costs one look for each label above
// and one walk over the held names below, but those below a further domain are only passed over.
#include "base/assert.h"
#include "publish/zone_entry.h"
#include "publish/zone_table.h"

namespace khien::publish {
namespace {

constexpr Shown both{.name = true, .below = true};

/// Only names of two labels and more can be a domain, so only longer ones have one above.
bool may_be_covered(dns::NameView name) noexcept { return !name.parent().parent().is_root(); }

}  // namespace

bool ZoneTable::is_covered(std::uint32_t entry) const noexcept {
  return (entries_[entry].word & flag_covered) != 0;
}

bool ZoneTable::is_domain(std::uint32_t entry) const noexcept {
  return (entries_[entry].word & flag_domain) != 0;
}

bool ZoneTable::is_filler(std::uint32_t entry) const noexcept {
  return entries_[entry].word == filler_word;
}

/// The nearest name above that has an entry knows.
bool ZoneTable::is_below_domain(dns::NameView name) const {
  for (dns::NameView above = name.parent(); !above.parent().is_root(); above = above.parent()) {
    if (const auto entry = find(above)) return is_covered(*entry) || is_domain(*entry);
  }
  return false;
}

/// The name has its first holder now.
void ZoneTable::come_in(std::uint32_t entry, Changes& changes) {
  ++held_count_;
  const NamePlace at = entries_[entry].name_at;
  const dns::NameView name = pool_.at(at);
  if (!may_be_covered(name)) return;
  order_.insert(at);
  if (is_covered(entry) || !is_below_domain(name)) return;  // it was a filler, or stands free
  entries_[entry].word |= flag_covered;
  make_fillers_above(at, changes);
}

/// The name has no holder any more.
void ZoneTable::go_out(std::uint32_t entry, Changes& changes) {
  --held_count_;
  const dns::NameView name = pool_.at(entries_[entry].name_at);
  if (may_be_covered(name)) order_.erase(name);
  if (!is_covered(entry)) {
    release(entry);
    return;
  }
  if (order_.has_below(name)) {
    entries_[entry].word = filler_word;
    return;
  }
  release(entry);
  for (dns::NameView above = name.parent();; above = above.parent()) {
    const auto filler = find(above);
    if (!filler || !is_filler(*filler) || order_.has_below(above)) return;
    drop_filler(*filler, changes);
  }
}

/// `domain`, which is not covered, has scope domain now.
void ZoneTable::cover_below(dns::NameView domain, Changes& changes) {
  if (domain.parent().is_root()) return;
  dns::NameView inner;  // a domain below: what lies below it is covered already
  order_.for_each_below(domain, [&](NamePlace at) {
    const dns::NameView name = pool_.at(at);
    if (!inner.is_root() && name.is_below(inner)) return;
    const std::uint32_t entry = *find(name);
    set_cover(entry, Cover::on, changes);
    if (is_domain(entry)) inner = name;
    make_fillers_above(at, changes);
  });
}

/// `domain`, which is not covered, has not scope domain any more.
void ZoneTable::uncover_below(dns::NameView domain, Changes& changes) {
  if (domain.parent().is_root()) return;
  dns::NameView inner;
  order_.for_each_below(domain, [&](NamePlace at) {
    const dns::NameView name = pool_.at(at);
    if (!inner.is_root() && name.is_below(inner)) return;
    const std::uint32_t entry = *find(name);
    set_cover(entry, Cover::off, changes);
    if (is_domain(entry)) inner = name;
    // What is no filler was seen before, with all above it: those above stand first.
    for (dns::NameView above = name.parent(); above.size() > domain.size();
         above = above.parent()) {
      const auto filler = find(above);
      if (!filler || !is_filler(*filler)) return;
      drop_filler(*filler, changes);
    }
  });
}

void ZoneTable::set_cover(std::uint32_t entry, Cover cover, Changes& changes) {
  prepare_change(entry);
  const Shown before = shown_of(entry);
  std::uint32_t& word = entries_[entry].word;
  word = cover == Cover::on ? word | flag_covered : word & ~flag_covered;
  const Shown after = shown_of(entry);
  if (before == after) return;
  record_count_ += records_of(after);
  record_count_ -= records_of(before);
  changes.push_back({.name_at = entries_[entry].name_at, .before = before, .after = after});
}

/// Makes the fillers between the name at `at` and the domain above it that are not there yet: up to
/// the first entry, above which they all are.
void ZoneTable::make_fillers_above(NamePlace at, Changes& changes) {
  const dns::NameView name = pool_.at(at);
  for (dns::NameView above = name.parent(); !find(above); above = above.parent()) {
    KHIEN_ASSERT(!above.is_root());
    const NamePlace place = NamePool::place_of_ancestor(at, name, above);
    make_entry(place, filler_word);
    record_count_ += records_of(both);
    changes.push_back({.name_at = place, .before = {}, .after = both});
  }
}

void ZoneTable::drop_filler(std::uint32_t entry, Changes& changes) {
  prepare_change(entry);
  record_count_ -= records_of(both);
  changes.push_back({.name_at = entries_[entry].name_at, .before = both, .after = {}});
  release(entry);
}

void ZoneTable::load(dns::NameView name, const Holder& holder) {
  KHIEN_ASSERT(holder.source < source_count_max);
  const std::uint32_t entry = find_or_make(name);
  const std::vector<Holder> old = holders_of(entry);
  std::vector<Holder> holders = old;
  std::erase_if(holders, [&](const Holder& held) { return held.source == holder.source; });
  holders.push_back(holder);
  if (old.empty()) ++held_count_;
  forget_dues(entry, old);
  remember_dues(entry, holders);
  put_holders(entry, std::move(holders));
}

void ZoneTable::settle() {
  pages_.clear();
  std::vector<NamePlace> places;
  record_count_ = 0;
  for (std::uint32_t entry = 0; entry < entries_.size(); ++entry) {
    const NamePlace at = entries_[entry].name_at;
    if (at == 0) continue;
    record_count_ += records_of(shown_of(entry));
    if (may_be_covered(pool_.at(at))) places.push_back(at);
  }
  order_.assign(places);
  Changes changes;  // of no interest: nobody has seen the table before
  order_.for_each_below(dns::NameView{}, [&](NamePlace at) {
    const dns::NameView name = pool_.at(at);
    if (!is_below_domain(name)) return;
    set_cover(*find(name), Cover::on, changes);
    make_fillers_above(at, changes);
  });
}

}  // namespace khien::publish
