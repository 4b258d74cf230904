// The publisher's source where orders come from: cases' publication rows, through the database.
#pragma once

#include <memory>

#include "cases/context.h"
#include "publish/publisher.h"
#include "store/database.h"

namespace khien::publish {

class CasePublications final : public PublicationSource {
 public:
  /// Both must outlive it.
  CasePublications(store::Database& database, const cases::Context& context);

  [[nodiscard]] Result<std::vector<PublicationRow>> after(std::int64_t sequence,
                                                          int limit) override;
  [[nodiscard]] Result<void> record(std::span<const PublishedRow> rows) override;
  [[nodiscard]] Result<void> record_withdrawn(std::span<const GateNotice> notices) override;
  [[nodiscard]] Result<void> record_acts(std::span<const GateNotice> notices) override;
  void wait(std::int64_t wait_ms) override;
  void wake() override;

 private:
  store::Database& database_;
  cases::Context context_;
  std::unique_ptr<store::Subscription> subscription_;
};

}  // namespace khien::publish
