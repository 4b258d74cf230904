#include "api/people.h"

#include "identity/account.h"

namespace khien::api {

codec::Json People::json(const identity::AccountId& id) {
  if (id.empty()) return nullptr;
  if (!loaded_) {
    loaded_ = true;
    // At most accounts_max short rows; a failure here shows in the records that follow.
    if (auto names = identity::account_names(*db_)) names_ = std::move(*names);
  }
  const auto found = names_.find(id);
  if (found == names_.end()) return nullptr;
  return codec::Json::object({{"id", id.value}, {"name", found->second}});
}

}  // namespace khien::api
