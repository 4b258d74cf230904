// A report as a browser's form sends it: fields and at most one picture (multipart/form-data),
// taken while it arrives.
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "cases/report.h"
#include "http/message.h"
#include "http/router.h"
#include "store/executor.h"

namespace khien::api {

struct Services;

struct ReportFields {
  std::string submission;
  std::string what;
  std::string kind;  ///< a category's id, or "unknown"
  std::string story;
  std::string contact;
  std::string trap;  ///< what only a program fills in
};

/// Attaches the picture to the report that was just taken, in its transaction. Empty: there is
/// none.
using AttachPicture = std::function<Result<void>(store::Transaction&, const cases::Receipt&)>;

/// Takes the report and answers with the code, or with the form and what to mend.
[[nodiscard]] http::Response take_report(const Services& services, const http::Request& request,
                                         const ReportFields& fields, const AttachPicture& attach);

}  // namespace khien::api
