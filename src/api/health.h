// What /healthz tells: one word for each part of the process, and for the whole the worst of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/guarded.h"

namespace khien::api {

enum class Condition : std::uint8_t {
  ok,
  degraded,  ///< works, but somebody should look: retrying, stale, nearly full
  down,      ///< does not work; the whole is down and /healthz answers 503
};
[[nodiscard]] std::string_view to_string(Condition condition) noexcept;

struct PartState {
  Condition condition = Condition::ok;
  std::string words = "ok";  ///< a short sentence for the operator, no personal data
};

class Health {
 public:
  using Check = std::function<PartState()>;

  /// `check` is called for each /healthz, on a worker thread: it must be quick and thread-safe, and
  /// outlive the routes. A part of the same name is replaced.
  void add(std::string part, Check check);

  struct Report {
    Condition condition = Condition::ok;
    std::map<std::string, PartState> parts;
  };
  [[nodiscard]] Report report();

 private:
  Guarded<std::map<std::string, Check>> checks_;
};

}  // namespace khien::api
