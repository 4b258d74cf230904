// khien-dnsd: the filtering resolver front-end. Options, signals, start and stop; nothing else.
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "options.h"
#include "resolver/service.h"

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

  // Blocked before any thread starts, so that only sigwait() below sees them.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

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
  int number = 0;
  sigwait(&signals, &number);
  KHIEN_LOG(info, "stopping");
  (*service)->stop();
  return 0;
}
