#include "policy/prefix_table.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace khien::policy {
namespace {

constexpr unsigned half_bits = 64;
constexpr unsigned v4_offset = 96;  // where an IPv4 address begins in its mapped form

// The bits behind the first `length` of 64.
constexpr std::uint64_t tail_of(unsigned length) noexcept {
  return length >= half_bits ? 0 : ~std::uint64_t{0} >> length;
}

struct Run {
  std::uint64_t first = 0;
  std::uint32_t value = 0;
};

// Puts the sorted `runs` into the order of the search, from node `at` on.
std::size_t lay_out(const std::vector<Run>& runs, std::size_t next, std::size_t at,
                    std::vector<std::uint64_t>& starts, std::vector<std::uint32_t>& values) {
  if (at > runs.size()) return next;
  next = lay_out(runs, next, 2 * at, starts, values);
  starts[at] = runs[next].first;
  values[at] = runs[next].value;
  return lay_out(runs, next + 1, 2 * at + 1, starts, values);
}

}  // namespace

AddressPrefix AddressPrefix::of(Bytes base, unsigned length) noexcept {
  return {.base = AddressKey::of(base),
          .length = static_cast<std::uint8_t>(base.size() == 4 ? length + v4_offset : length)};
}

bool AddressPrefix::is_canonical() const noexcept {
  if (length <= half_bits) return (base.high & tail_of(length)) == 0 && base.low == 0;
  return (base.low & tail_of(length - half_bits)) == 0;
}

PrefixTable::Runs::Runs(std::vector<Range> ranges, std::uint32_t otherwise) {
  // By where they begin, the wider first: each range then interrupts the one around it.
  std::ranges::sort(ranges, [](const Range& a, const Range& b) {
    return std::tie(a.first, a.length) < std::tie(b.first, b.length);
  });
  std::vector<Run> runs{{.first = 0, .value = otherwise}};
  const auto begin_run = [&](std::uint64_t first, std::uint32_t value) {
    if (runs.back().first == first) {
      runs.back().value = value;
    } else {
      runs.push_back({.first = first, .value = value});
    }
  };
  std::vector<Range> open;  // those that hold the place we are at, the narrowest last
  const auto close_before = [&](const Range* next) {
    while (!open.empty()) {
      const std::uint64_t last = open.back().first | tail_of(open.back().length);
      if (next != nullptr && next->first <= last) return;
      open.pop_back();
      if (last == ~std::uint64_t{0}) continue;  // nothing comes behind it
      begin_run(last + 1, open.empty() ? otherwise : open.back().value);
    }
  };
  for (const Range& range : ranges) {
    close_before(&range);
    begin_run(range.first, range.value);
    open.push_back(range);
  }
  close_before(nullptr);

  starts_.resize(runs.size() + 1);
  values_.resize(runs.size() + 1);
  (void)lay_out(runs, 0, 1, starts_, values_);
}

std::size_t PrefixTable::Runs::memory_size() const noexcept {
  return starts_.capacity() * sizeof starts_[0] + values_.capacity() * sizeof values_[0];
}

PrefixTable::PrefixTable() = default;

Result<PrefixTable> PrefixTable::build(std::span<const Entry> entries) {
  std::vector<Range> v4;
  std::vector<Range> v6;
  std::map<std::uint64_t, std::vector<Range>> longer;  // by the upper 64 bits
  for (const Entry& entry : entries) {
    const AddressPrefix& prefix = entry.prefix;
    if (!prefix.is_canonical() || entry.value > value_max) {
      return fail(ErrorCode::invalid_argument, "a prefix with bits beyond its length");
    }
    if (prefix.base.is_v4() && prefix.length >= v4_offset) {
      v4.push_back({prefix.base.low << 32, prefix.length - v4_offset, entry.value});
    } else if (prefix.length <= half_bits) {
      v6.push_back({prefix.base.high, prefix.length, entry.value});
    } else {
      longer[prefix.base.high].push_back({prefix.base.low, prefix.length - half_bits, entry.value});
    }
  }
  const auto twice = [](std::vector<Range>& ranges) {
    const auto order = [](const Range& a, const Range& b) {
      return std::tie(a.first, a.length) < std::tie(b.first, b.length);
    };
    std::ranges::sort(ranges, order);
    return std::ranges::adjacent_find(ranges, [](const Range& a, const Range& b) {
             return a.first == b.first && a.length == b.length;
           }) != ranges.end();
  };
  bool repeated = twice(v4) || twice(v6);
  for (auto& [high, ranges] : longer) repeated = repeated || twice(ranges);
  if (repeated) return fail(ErrorCode::conflict, "a prefix comes twice");

  PrefixTable table;
  table.size_ = entries.size();
  table.v4_ = Runs{std::move(v4), none};
  table.v6_ = Runs{v6, none};
  if (longer.empty()) return table;
  // What lies around the longer prefixes of one /64 is what the shorter ones say of it.
  std::erase_if(v6, [&](const Range& range) {
    return range.length == half_bits && longer.contains(range.first);
  });
  for (auto& [high, ranges] : longer) {
    const std::uint32_t around = table.v6_.find(high);
    v6.push_back({high, half_bits, long_mark | static_cast<std::uint32_t>(table.below_64_.size())});
    table.below_64_.emplace_back(std::move(ranges), around);
  }
  table.v6_ = Runs{std::move(v6), none};
  return table;
}

std::size_t PrefixTable::memory_size() const noexcept {
  std::size_t size = v4_.memory_size() + v6_.memory_size();
  for (const Runs& runs : below_64_) size += sizeof runs + runs.memory_size();
  return size;
}

}  // namespace khien::policy
