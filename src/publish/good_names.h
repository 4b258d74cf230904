// What the gate takes for a good name: the impact check (cases/impact.h) with the data of this
// moment, reduced to one question. Some microseconds a name.
#pragma once

#include "base/snapshot.h"
#include "cases/impact.h"
#include "publish/change_gate.h"

namespace khien::publish {

/// Good is whatever the check refuses (never-block lists, public suffixes, our own names) and the
/// most popular names, with all that a rule of scope domain would cover below. For network choices
/// popular names, and what lies below a never-block name, do not count: lists of advertisers name
/// them knowingly (feeds/intake.h has the same rule). Of a web address only what the check refuses
/// is good. `impact` must outlive the answer.
[[nodiscard]] FindGoodName good_names_of(Snapshot<cases::ImpactData>& impact);

}  // namespace khien::publish
