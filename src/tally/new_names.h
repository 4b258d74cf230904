// Names that resolvers have begun to see, newest first. What is listed was asked for by at least
// ten networks somewhere; who they are is not known here or there.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cases/page.h"
#include "store/executor.h"

namespace khien::tally {

struct SeenName {
  std::int64_t id = 0;  ///< the cursor
  std::string name;
  InstantMs first_ms = 0;                   ///< the hour in which it was told first
  std::vector<std::string> resolvers = {};  ///< that told it, by name
  std::int64_t networks = 0;  ///< of the resolver that saw most: networks of two may be the same
};
/// `part`: octets that the name holds, or empty. Errors are the database's.
[[nodiscard]] Result<cases::Page<SeenName>> list_new_names(store::Executor& db,
                                                           std::string_view part,
                                                           const cases::PageRequest& page);

}  // namespace khien::tally
