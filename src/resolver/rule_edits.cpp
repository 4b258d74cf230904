#include "resolver/rule_edits.h"

#include "dns/name.h"
#include "policy/rules.h"

namespace khien::resolver {
namespace {

constexpr std::uint8_t flag_add = 1;
constexpr std::uint8_t flag_below = 2;
constexpr std::uint8_t flag_nodata = 4;
constexpr std::uint8_t every_flag = flag_add | flag_below | flag_nodata;

}  // namespace

RuleEdit RuleEdits::edit_at(Bytes octets, std::size_t at) noexcept {
  const std::uint8_t flags = octets[at];
  return {.add = (flags & flag_add) != 0,
          .below = (flags & flag_below) != 0,
          .nodata = (flags & flag_nodata) != 0,
          .name = octets.subspan(at + head_size, octets[at + 1])};
}

void RuleEdits::push(const RuleEdit& edit) {
  octets_.push_back(static_cast<std::uint8_t>(
      (edit.add ? flag_add : 0) | (edit.below ? flag_below : 0) | (edit.nodata ? flag_nodata : 0)));
  octets_.push_back(static_cast<std::uint8_t>(edit.name.size()));
  octets_.insert(octets_.end(), edit.name.begin(), edit.name.end());
  ++count_;
}

void RuleEdits::clear() noexcept {
  octets_.clear();
  count_ = 0;
}

std::optional<RuleEdits> RuleEdits::read(Bytes octets) {
  RuleEdits edits;
  for (std::size_t at = 0; at < octets.size();) {
    if (octets.size() - at < head_size) return std::nullopt;
    if (octets[at + 1] > octets.size() - at - head_size) return std::nullopt;
    if ((octets[at] & ~every_flag) != 0) return std::nullopt;
    const RuleEdit edit = edit_at(octets, at);
    const auto name = dns::Name::from_wire(edit.name);
    if (!name || name->label_count() < policy::rule_labels_min) return std::nullopt;
    edits.push(edit);
    at += head_size + edit.name.size();
  }
  return edits;
}

}  // namespace khien::resolver
