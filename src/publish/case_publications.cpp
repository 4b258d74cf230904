#include "publish/case_publications.h"

#include <algorithm>
#include <chrono>

#include "cases/publication.h"
#include "publish/set_names.h"

namespace khien::publish {
namespace {

/// Notes in one transaction: each moves an order and writes a ledger leaf.
constexpr std::size_t notes_a_transaction = 100;

constexpr std::string_view order_prefix = "order:";

PublicationRow row_of(const cases::Publication& publication) {
  const auto of = set_of(publication.scope);
  const bool is_add = publication.action == cases::PublicationAction::add;
  return {.sequence = publication.sequence,
          .kind = is_add ? ChangeKind::add : ChangeKind::remove,
          .source = std::string{order_prefix} + to_string(publication.order),
          .basis = publication.basis,
          .category = publication.category,
          .of = of,
          .name = held_name(of, publication.name),
          .scope = publication.scope == cases::Scope::domain ? Scope::domain : Scope::host,
          .until_ms = publication.serve_until_ms,
          .two_signers = publication.two_signers,
          .served_before = publication.served_before};
}

}  // namespace

CasePublications::CasePublications(store::Database& database, const cases::Context& context)
    : database_(database),
      context_(context),
      subscription_(database.subscribe(cases::channel_publication)) {}

Result<std::vector<PublicationRow>> CasePublications::after(std::int64_t sequence, int limit) {
  return database_.read([&](store::Executor& db) -> Result<std::vector<PublicationRow>> {
    const auto publications = cases::publications_after(db, sequence, limit);
    if (!publications) return tl::unexpected(publications.error());
    std::vector<PublicationRow> rows;
    rows.reserve(publications->size());
    std::transform(publications->begin(), publications->end(), std::back_inserter(rows), row_of);
    return rows;
  });
}

Result<void> CasePublications::record(std::span<const PublishedRow> rows) {
  while (!rows.empty()) {
    const auto batch = rows.first(std::min(rows.size(), notes_a_transaction));
    auto recorded = database_.transact([&](store::Transaction& tx) -> Result<void> {
      for (const PublishedRow& row : batch) {
        const cases::PublishedNote note{
            .sequence = row.sequence, .zone = row.zone, .serial = row.serial};
        if (auto noted = cases::record_published(tx, context_, note); !noted) return noted;
      }
      return {};
    });
    if (!recorded) return recorded;
    rows = rows.subspan(batch.size());
  }
  return {};
}

Result<void> CasePublications::record_withdrawn(std::span<const GateNotice> notices) {
  while (!notices.empty()) {
    const auto batch = notices.first(std::min(notices.size(), notes_a_transaction));
    auto recorded = database_.transact([&](store::Transaction& tx) -> Result<void> {
      for (const GateNotice& notice : batch) {
        if (!notice.source.starts_with(order_prefix)) continue;
        const cases::WithdrawnNote note{
            .order = cases::OrderId{notice.source.substr(order_prefix.size())},
            .zone = notice.zone,
            .serial =
                notice.kind == NoticeKind::withdrawn ? std::optional{notice.serial} : std::nullopt,
            .reason = notice.reason};
        if (auto noted = cases::record_withdrawn(tx, context_, note); !noted) return noted;
      }
      return {};
    });
    if (!recorded) return recorded;
    notices = notices.subspan(batch.size());
  }
  return {};
}

Result<void> CasePublications::record_acts(std::span<const GateNotice> notices) {
  if (notices.empty()) return {};
  return database_.transact([&](store::Transaction& tx) -> Result<void> {
    for (const GateNotice& notice : notices) {
      const PublicAct act{.type = notice.name,
                          .zone = notice.zone == every_zone() ? "" : notice.zone,
                          .actor = notice.source,
                          .reason = notice.reason,
                          .count = notice.sequence,
                          .serial = notice.serial};
      if (auto leaf = record_act(tx, context_.clock, context_.rng, act); !leaf) return leaf;
    }
    return {};
  });
}

void CasePublications::wait(std::int64_t wait_ms) {
  static_cast<void>(subscription_->wait(std::chrono::milliseconds{wait_ms}));
}

void CasePublications::wake() { subscription_->wake(); }

}  // namespace khien::publish
