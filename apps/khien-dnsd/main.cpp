// khien-dnsd: the filtering resolver front-end. Options, start and stop; nothing else.
#include <malloc.h>

#include <cstdio>

#include "base/log.h"
#include "check.h"
#include "net/service_manager.h"
#include "options.h"
#include "privileges.h"
#include "resolver/service.h"
#include "sandbox.h"
#include "supervise.h"

using namespace khien;

namespace {

int report(const Error& error) {
  std::fprintf(stderr, "khien-dnsd: %s\n", error.message.c_str());
  return exit_code(error.code);
}

/// What only the start needed: root, capabilities, most of the kernel.
Result<void> give_up_rights(const dnsd::Options& options) {
  if (!options.user.empty()) {
    if (auto became = dnsd::become_user(options.user); !became) return became;
  }
  if (!options.sandbox) {
    KHIEN_LOG(warning, "no_sandbox");
    return {};
  }
  if (auto given_up = dnsd::give_up_capabilities(); !given_up) return given_up;
  std::vector<std::filesystem::path> written;
  if (!options.service.snapshot_folder.empty()) written.push_back(options.service.snapshot_folder);
  const auto limits = dnsd::enter_sandbox(written);
  if (!limits) return tl::unexpected<Error>{limits.error()};
  KHIEN_LOG(info, "sandbox",
            {"files", *limits == dnsd::FileLimits::landlock ? "landlock" : "none"});
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  // Fixed, or the allocator raises it to 32 MB by and by and keeps freed blocks of that size: large
  // ones come from and go to the kernel, so that a swap of lists leaves nothing behind.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  auto options = dnsd::read_options(argc, argv);
  if (!options) return report(options.error());
  if (!*options) return 0;
  if ((*options)->check) return dnsd::print_findings(dnsd::check_all(**options));

  auto manager = net::ServiceManager::from_environment();
  if (!manager) return report(manager.error());
  auto inherited = net::InheritedSockets::take();
  if (!inherited) return report(inherited.error());
  net::ListeningSockets sockets{std::move(*inherited)};
  (*options)->service.sockets = &sockets;
  dnsd::take_signals();
  const std::size_t wanted = dnsd::descriptors_wanted((*options)->service);
  if (const auto limit = dnsd::raise_descriptor_limit(wanted); limit < wanted) {
    KHIEN_LOG(warning, "few_descriptors", {"limit", limit}, {"wanted", wanted},
              {"effect", "connections beyond it wait to be accepted"},
              {"remedy", "LimitNOFILE of the unit, or a smaller --stream-connections"});
  }

  const SystemClock clock;
  SystemRng rng;
  auto service = resolver::Service::open((*options)->service, clock, rng);
  if (!service) return report(service.error());
  dnsd::hand_over(sockets, *manager);
  if (auto limited = give_up_rights(**options); !limited) return report(limited.error());
  (*service)->start();
  for (const auto& address : (*service)->addresses()) {
    KHIEN_LOG(info, "listening", {"address", to_string(address)});
  }
  for (const auto& address : (*service)->dot_addresses()) {
    KHIEN_LOG(info, "listening_dot", {"address", to_string(address)});
  }
  for (const auto& address : (*service)->doh_addresses()) {
    KHIEN_LOG(info, "listening_doh", {"address", to_string(address)});
  }
  if (const auto address = (*service)->status_address()) {
    KHIEN_LOG(info, "status", {"address", to_string(*address)});
  }
  dnsd::supervise(**service, *manager);
  (*service)->stop();
  return 0;
}
