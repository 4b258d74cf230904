// Where Service's rules come from at its start: lists, or the snapshot and its journal.
#include "base/log.h"
#include "resolver/service.h"

namespace khien::resolver {

policy::Policy Service::base_policy() const {
  return {.sources = policy::lawful_sources() | policy::mask_of(Basis::feeds) | options_.choices};
}

// After load_rules(), whose key the document's names are hashed with.
Result<void> Service::load_policies() {
  if (options_.policies.empty()) return {};
  const policy::PolicyDocumentContext context{
      .key = store_.key(),
      .others = base_policy(),
      .has_sinkhole = options_.block.sinkhole_v4 || options_.block.sinkhole_v6};
  policies_ = std::make_unique<PolicyFile>(options_.policies, context, clock_, metrics_);
  auto loaded = policies_->load();
  if (!loaded) return tl::unexpected(std::move(loaded).error());
  return {};
}

Result<void> Service::load_rules() {
  std::error_code ignored;
  if (!options_.snapshot_folder.empty()) {
    std::filesystem::create_directories(options_.snapshot_folder, ignored);
  }
  if (!options_.secondary) {
    if (!options_.lists.empty()) {
      lists_ = std::make_unique<ListWatch>(options_.lists, store_, metrics_);
      if (auto loaded = lists_->load(); !loaded) return loaded;
    }
    ready_ = true;  // no list at all is what the operator asked for: a plain forwarder
    return {};
  }
  const auto loaded = store_.load();
  store_.keep_journal();
  if (loaded) {
    ready_ = true;
    KHIEN_LOG(info, "snapshot_mapped", {"names", store_.rules().base->name_count()});
  } else if (loaded.error().code == ErrorCode::corrupt) {
    KHIEN_LOG(error, "snapshot_refused", {"why", loaded.error().message});
    metrics_.counter("khien_dnsd_snapshot_refused_total", "Snapshots found damaged at the start")
        .add();
  } else {
    KHIEN_LOG(warning, "no_snapshot", {"why", loaded.error().message});
  }
  return {};
}

}  // namespace khien::resolver
