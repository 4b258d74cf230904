#include "resolver/rule_edits.h"

#include "dns/name.h"
#include "policy/rules.h"

namespace khien::resolver {
namespace {

constexpr std::uint8_t flag_add = 1;
constexpr std::uint8_t flag_below = 2;
constexpr std::uint8_t flag_nodata = 4;
constexpr std::uint8_t flag_rare = 8;  // a record follows (policy/rare_zone.h) and no name
constexpr std::uint8_t every_flag = flag_add | flag_below | flag_nodata | flag_rare;

}  // namespace

RuleEdit RuleEdits::take_edit(Bytes octets, std::size_t& at) {
  const std::uint8_t flags = octets[at];
  if ((flags & flag_rare) != 0) {
    Bytes rest = octets.subspan(at + 1);
    RuleEdit edit{.add = (flags & flag_add) != 0, .rare = policy::take_record(rest)};
    KHIEN_ASSERT(edit.rare.has_value());  // push() and read() took none that cannot be read
    at = octets.size() - rest.size();
    return edit;
  }
  const RuleEdit edit{.add = (flags & flag_add) != 0,
                      .below = (flags & flag_below) != 0,
                      .nodata = (flags & flag_nodata) != 0,
                      .name = octets.subspan(at + head_size, octets[at + 1])};
  at += head_size + edit.name.size();
  return edit;
}

void RuleEdits::push(const RuleEdit& edit) {
  ++count_;
  if (edit.rare) {
    octets_.push_back(static_cast<std::uint8_t>(flag_rare | (edit.add ? flag_add : 0)));
    policy::append_record(octets_, *edit.rare);
    return;
  }
  octets_.push_back(static_cast<std::uint8_t>(
      (edit.add ? flag_add : 0) | (edit.below ? flag_below : 0) | (edit.nodata ? flag_nodata : 0)));
  octets_.push_back(static_cast<std::uint8_t>(edit.name.size()));
  octets_.insert(octets_.end(), edit.name.begin(), edit.name.end());
}

void RuleEdits::clear() noexcept {
  octets_.clear();
  count_ = 0;
}

std::optional<RuleEdits> RuleEdits::read(Bytes octets) {
  RuleEdits edits;
  for (std::size_t at = 0; at < octets.size();) {
    const std::uint8_t flags = octets[at];
    if ((flags & ~every_flag) != 0) return std::nullopt;
    if ((flags & flag_rare) != 0) {
      Bytes rest = octets.subspan(at + 1);
      if ((flags & (flag_below | flag_nodata)) != 0 || !policy::take_record(rest)) {
        return std::nullopt;
      }
    } else {
      if (octets.size() - at < head_size) return std::nullopt;
      if (octets[at + 1] > octets.size() - at - head_size) return std::nullopt;
      const auto name = dns::Name::from_wire(octets.subspan(at + head_size, octets[at + 1]));
      if (!name || name->label_count() < policy::rule_labels_min) return std::nullopt;
    }
    edits.push(take_edit(octets, at));
  }
  return edits;
}

}  // namespace khien::resolver
