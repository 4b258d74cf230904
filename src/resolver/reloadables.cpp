#include "resolver/reloadables.h"

#include "base/log.h"

namespace khien::resolver {

void Reloadables::add(std::string name, Reload reload) {
  const auto counter = [&](std::string_view outcome) {
    return &metrics_.counter("khien_dnsd_reloads_total", "Parts read again, by what came of it",
                             "part=\"" + name + "\",outcome=\"" + std::string{outcome} + "\"");
  };
  Part part{.name = name,
            .reload = std::move(reload),
            .changed = counter("changed"),
            .same = counter("same"),
            .failed = counter("failed")};
  parts_.push_back(std::move(part));
}

std::size_t Reloadables::run() {
  std::size_t failed = 0;
  for (const Part& part : parts_) {
    const auto changed = part.reload();
    if (!changed) {
      ++failed;
      part.failed->add();
      KHIEN_LOG(error, "reload_refused", {"part", part.name}, {"why", changed.error().message});
      continue;
    }
    (*changed ? part.changed : part.same)->add();
    KHIEN_LOG(info, "reloaded", {"part", part.name}, {"changed", *changed ? "yes" : "no"});
  }
  return failed;
}

}  // namespace khien::resolver
