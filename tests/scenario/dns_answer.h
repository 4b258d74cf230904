// Compares one answer with what a scenario expects of it. Strict: what is not said must not be
// there.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "dns/message.h"
#include "scenario_file.h"

namespace khien::scenario {

/// "shop.example 300 A 192.0.2.10" as a record; nullopt if it is none.
[[nodiscard]] std::optional<dns::Record> read_record(const Line& line, std::size_t first_word);

struct AnswerSeen {
  Bytes message = {};           ///< empty: none came
  Bytes question = {};          ///< as it was asked, with type and class
  std::size_t asked_count = 0;  ///< questions to the upstream that this caused
};

void check_answer(const Statement& statement, const AnswerSeen& seen, Failures& failures);

}  // namespace khien::scenario
