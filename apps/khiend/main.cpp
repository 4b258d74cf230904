// khiend: Khiên's control plane. Starts all parts, waits for SIGTERM or SIGINT, stops them in
// order.
#include <pthread.h>
#include <csignal>
#include <cstdio>

#include "base/log.h"
#include "khiend.h"
#include "options.h"

namespace {

int report(const khien::Error& error) {
  std::fprintf(stderr, "khiend: %s\n", error.message.c_str());
  return khien::exit_code(error.code);
}

}  // namespace

int main(int argc, char** argv) {
  // Blocked before any thread begins, so that every thread inherits it and only sigwait() sees
  // them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  auto options = khien::khiend::read_options(argc, argv);
  if (!options) return report(options.error());
  if (!*options) return 0;
  auto khiend = khien::khiend::Khiend::start(**options);
  if (!khiend) return report(khiend.error());

  int signal = 0;
  sigwait(&stop_signals, &signal);
  KHIEN_LOG(info, "stopping", {"signal", signal});
  (*khiend)->stop();
  return 0;
}
