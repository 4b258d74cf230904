#include "store/executor.h"

namespace khien::store {

std::string_view to_string(Engine engine) noexcept {
  return engine == Engine::sqlite ? "sqlite" : "postgresql";
}

Result<Answer> Executor::run(std::string_view sql, std::span<const Value> parameters) {
  if (failed_) return propagate(*failed_, "after an earlier failure");
  for (const Value& parameter : parameters) {
    const auto* text = std::get_if<std::string>(&parameter.storage());
    if (text != nullptr && !is_storable_text(*text)) {
      return fail(ErrorCode::invalid_argument, "a text parameter is not UTF-8", "bad_text");
    }
  }
  auto answer = connection_->run(sql, parameters);
  if (!answer) failed_ = answer.error();
  return answer;
}

Result<std::vector<Row>> Executor::query(std::string_view sql, std::span<const Value> parameters) {
  auto answer = run(sql, parameters);
  if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
  return std::move(answer->rows);
}

Result<std::optional<Row>> Executor::query_one(std::string_view sql,
                                               std::span<const Value> parameters) {
  auto answer = run(sql, parameters);
  if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
  if (answer->rows.size() > 1) {
    return fail(ErrorCode::internal, "a statement for one row gave several");
  }
  if (answer->rows.empty()) return std::optional<Row>{};
  return std::optional<Row>{std::move(answer->rows.front())};
}

Result<std::int64_t> Executor::execute(std::string_view sql, std::span<const Value> parameters) {
  auto answer = run(sql, parameters);
  if (!answer) return tl::unexpected<Error>{std::move(answer).error()};
  return answer->changed;
}

}  // namespace khien::store
