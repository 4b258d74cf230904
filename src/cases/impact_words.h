// An impact in plain words, for the two people who sign and for the public register.
#pragma once

#include <string>
#include <vector>

#include "cases/impact.h"

namespace khien::cases {

struct Words {
  std::string vi;
  std::string en;
};

/// What one finding means for this name and scope; one or two sentences without line breaks.
[[nodiscard]] Words words_of(const Impact& impact, const Finding& finding);
/// One sentence for the whole: may it be ordered, and what to look at first.
[[nodiscard]] Words summary_of(const Impact& impact);
/// What would be blocked: "a.example", and for a domain also "*.a.example"; of a web address
/// "a.example/b" and "a.example/b/*".
[[nodiscard]] std::vector<std::string> covers(const Impact& impact);

}  // namespace khien::cases
