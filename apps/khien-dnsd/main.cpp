// khien-dnsd: the filtering resolver front-end. Options, start and stop; nothing else.
#include <cstdio>

#include "base/log.h"
#include "net/service_manager.h"
#include "options.h"
#include "resolver/service.h"
#include "supervise.h"

using namespace khien;

namespace {

int report(const Error& error) {
  std::fprintf(stderr, "khien-dnsd: %s\n", error.message.c_str());
  return exit_code(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  auto options = dnsd::read_options(argc, argv);
  if (!options) return report(options.error());
  if (!*options) return 0;

  auto manager = net::ServiceManager::from_environment();
  if (!manager) return report(manager.error());
  dnsd::take_signals();

  const SystemClock clock;
  SystemRng rng;
  auto service = resolver::Service::open(std::move((*options)->service), clock, rng);
  if (!service) return report(service.error());
  (*service)->start();
  for (const auto& address : (*service)->addresses()) {
    KHIEN_LOG(info, "listening", {"address", to_string(address)});
  }
  if (const auto address = (*service)->status_address()) {
    KHIEN_LOG(info, "status", {"address", to_string(*address)});
  }
  dnsd::supervise(**service, *manager);
  (*service)->stop();
  return 0;
}
