// How reports and appeals keep codes and contacts, and rows as values. Internal to the module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "cases/context.h"
#include "cases/ids.h"
#include "cases/report.h"
#include "store/executor.h"

namespace khien::cases {

/// SHA-256 of `text`.
[[nodiscard]] Octets hash_of(std::string_view text);
/// SHA-256 of a code as typed, in its normal form; not_found for what cannot be a code, so that it
/// reads like a wrong one.
[[nodiscard]] Result<Octets> hash_of_code(std::string_view typed);

/// What a sealed contact is tied to.
[[nodiscard]] std::string contact_context(const ReportId& id);
[[nodiscard]] std::string contact_context(const AppealId& id);
[[nodiscard]] std::string contact_context(const ListingObjectionId& id);

/// The sealed contact in the only column of `row`, opened; nullopt without a row.
[[nodiscard]] Result<std::optional<std::string>> open_contact_row(
    Result<std::optional<store::Row>> row, const Context& context, std::string_view tied_to);

[[nodiscard]] std::optional<Channel> parse_channel(std::string_view word) noexcept;

/// Columns that read_report() reads, up to the conditions.
[[nodiscard]] std::string_view report_select() noexcept;
[[nodiscard]] Result<Report> read_report(const store::Row& row);

}  // namespace khien::cases
