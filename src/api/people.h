// Names for account ids in answers: read once, when the first is asked for. Lives for one request,
// on one thread.
#pragma once

#include <map>

#include "base/result.h"
#include "codec/json.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::api {

class People {
 public:
  explicit People(store::Executor& db) : db_(&db) {}
  /// {"id", "name"}; null for an empty id or an account that is gone.
  [[nodiscard]] codec::Json json(const identity::AccountId& id);

 private:
  store::Executor* db_;
  bool loaded_ = false;
  std::map<identity::AccountId, std::string> names_;
};

}  // namespace khien::api
