// Identities of this module's records: 26 characters (base/id.h), which open nothing by themselves.
#pragma once

#include "base/id.h"

namespace khien::cases {

struct SubjectTag;
struct ReportTag;
struct CaseTag;
struct OrderTag;
struct AppealTag;
struct ListingObjectionTag;
struct InstrumentTag;
struct TaskTag;

using SubjectId = Id<SubjectTag>;
using ReportId = Id<ReportTag>;
using CaseId = Id<CaseTag>;
using OrderId = Id<OrderTag>;
using AppealId = Id<AppealTag>;
using ListingObjectionId = Id<ListingObjectionTag>;
using InstrumentId = Id<InstrumentTag>;  ///< a legal ground
using TaskId = Id<TaskTag>;

}  // namespace khien::cases
