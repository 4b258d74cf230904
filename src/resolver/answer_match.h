// What an upstream's answer shows to the zones of third parties (policy/rare_rules.h): addresses in
// the answer section (A, AAAA, hints of SVCB and HTTPS) to RPZ-IP, names of name servers to
// RPZ-NSDNAME, and those servers' addresses, where they come along, to RPZ-NSIP. Nothing is asked
// to find out more. Nothing here allocates.
#pragma once

#include "dns/wire.h"
#include "policy/rare_rules.h"

namespace khien::resolver {

/// The first match among `sources` in `message`, which UpstreamAnswer has accepted. Answers about
/// DS and DNSKEY never match: they lead nobody anywhere, and validators need them.
[[nodiscard]] policy::RareMatch match_answer(const policy::RareRules& rules, khien::Bytes message,
                                             policy::SourceMask sources) noexcept;

}  // namespace khien::resolver
