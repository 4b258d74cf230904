// A report as it arrives: fields and pictures of a browser's form (multipart/form-data), taken
// while they come in, or the JSON of a program. Its own text and its pictures become evidence of
// the case that it joins, in the transaction that takes it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/routes.h"
#include "api/stored_parts.h"
#include "base/result.h"
#include "cases/report.h"
#include "http/message.h"
#include "http/router.h"
#include "store/executor.h"

namespace khien::api {

constexpr std::size_t report_pictures_max = 4;
constexpr std::uint64_t report_picture_size_max = 8ULL << 20U;  // octets of one
constexpr std::size_t report_body_size_max = 9UL << 20U;        // octets of the whole form

struct ReportFields {
  std::string submission;
  std::string what;
  std::string kind;  ///< a category's id, or "unknown"
  std::string story;
  std::string contact;
  std::string trap;  ///< what only a program fills in
};

/// Attaches the pictures to the report that was just taken, in its transaction. Empty: there are
/// none.
using AttachPicture = std::function<Result<void>(store::Transaction&, const cases::Receipt&)>;

/// Takes the report and answers with the code, or with the form and what to mend.
[[nodiscard]] http::Response take_report(const Services& services, const http::Request& request,
                                         const ReportFields& fields, const AttachPicture& attach);

/// Makes `text` and `files` items of the case that the report joined; nothing where it joined none
/// (its subjects are known to be benign) or where the same form came before. The text is written to
/// disk here, before the transaction. Borrows `services` and `files`.
[[nodiscard]] Result<AttachPicture> attach_to_case(const Services& services,
                                                   const std::string& text,
                                                   const std::vector<StoredFile>& files);

/// POST /report and POST /api/v1/reports.
void add_report_uploads(Routes& routes, const Services& services);

/// Takes a report of a program and answers with ReportReceipt.
[[nodiscard]] Result<http::Response> take_api_report(const Services& services,
                                                     const cases::ReportDraft& draft,
                                                     const std::vector<StoredFile>& pictures);

}  // namespace khien::api
