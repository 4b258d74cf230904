// Where Service's rules come from: lists, the snapshot, and lists read again while it runs.
#include <algorithm>

#include "base/log.h"
#include "resolver/list_files.h"
#include "resolver/service.h"
#include "resolver/snapshot_disk.h"

namespace khien::resolver {
namespace {

bool same_lists(const std::vector<policy::ZoneState>& a, const std::vector<policy::ZoneState>& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.name == y.name && x.source == y.source && x.stamp == y.stamp;
  });
}

}  // namespace

Result<void> Service::load_lists() {
  auto zones = stamp_lists(options_.lists);
  if (!zones) return tl::unexpected(std::move(zones).error());
  const auto loaded = store_.load();
  if (loaded && same_lists(store_.rules().zones, *zones)) {
    KHIEN_LOG(info, "snapshot_mapped", {"names", store_.rules().base->name_count()});
    return {};
  }
  if (!loaded && loaded.error().code == ErrorCode::corrupt) {
    KHIEN_LOG(error, "snapshot_refused", {"why", loaded.error().message});
  }
  auto table = compile_lists(options_.lists, policy::HashKey::random(rng_));
  if (!table) return tl::unexpected(std::move(table).error());
  if (auto replaced = store_.replace(std::move(*table), std::move(*zones)); !replaced) {
    return replaced;
  }
  save_rules();
  return {};
}

// A folder that cannot be written costs the fast start only.
void Service::save_rules() {
  if (options_.snapshot_folder.empty()) return;
  if (auto saved = store_.save(); !saved) {
    KHIEN_LOG(warning, "snapshot_not_saved", {"why", saved.error().message});
  }
}

Result<bool> Service::reload_lists() {
  auto zones = stamp_lists(options_.lists);
  if (!zones) return tl::unexpected(std::move(zones).error());
  if (same_lists(store_.rules().zones, *zones)) return false;
  auto table = compile_lists(options_.lists, store_.key());
  if (!table) return tl::unexpected(std::move(table).error());
  auto replaced = store_.replace(std::move(*table), std::move(*zones));
  if (!replaced) return tl::unexpected(std::move(replaced).error());
  save_rules();
  return true;
}

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
      if (auto loaded = load_lists(); !loaded) return loaded;
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
