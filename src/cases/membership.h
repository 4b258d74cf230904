// The edges between cases, reports and subjects, and what makes a case findable. Every function is
// part of a move and writes no event of its own, except open_case(). Internal to the module.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "cases/subject.h"
#include "identity/actor.h"
#include "store/executor.h"

namespace khien::cases {

/// The subjects in `text`, found or made, in the order they were found.
[[nodiscard]] Result<std::vector<Subject>> ensure_subjects_of(store::Transaction& tx,
                                                              const Context& context,
                                                              std::string_view text);

/// False for what too many reports share to mean anything: judged benign, or a name that is listed
/// as never to be blocked. Such a subject is a member but joins nothing.
[[nodiscard]] bool joins(const Context& context, const Subject& subject);

/// The longest open case that holds one of `subjects` that joins; the most telling kind decides.
[[nodiscard]] Result<std::optional<CaseId>> find_open_case(store::Executor& db,
                                                           const Context& context,
                                                           std::span<const Subject> subjects);

struct NewCase {
  std::string title;
  std::optional<Category> category = {};
  identity::AccountId actor = {};
};
/// Leaf case.opened.
[[nodiscard]] Result<CaseId> open_case(store::Transaction& tx, const Context& context,
                                       const NewCase& draft);

/// Makes `report` and its subjects members of `case_id`; it must be in no case.
[[nodiscard]] Result<void> add_member(store::Transaction& tx, const Context& context,
                                      const CaseId& case_id, const ReportId& report,
                                      std::string_view reason);
/// Takes them out again, exactly.
[[nodiscard]] Result<void> remove_member(store::Transaction& tx, const Context& context,
                                         const CaseId& case_id, const ReportId& report);

/// Writes the case's number, title, subjects and first reports into the search index. Texts of
/// child abuse are left out.
[[nodiscard]] Result<void> index_case(store::Transaction& tx, const CaseId& case_id);

}  // namespace khien::cases
