// khien-probe: asks a provider's resolvers whether orders took effect. Options, start and stop;
// nothing else.
#include <csignal>
#include <cstdio>
#include <string>

#include "agent.h"
#include "key_file.h"
#include "options.h"
#include "table.h"

using namespace khien;

namespace {

const probe_program::Stop* the_stop = nullptr;  // for the handler, which gets no argument

void take_signals(const probe_program::Stop& stop) {
  the_stop = &stop;
  struct sigaction action{};
  action.sa_handler = [](int) { the_stop->stop(); };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Result<void> enrol(const probe_program::Options& options, Rng& rng) {
  const auto key = probe_program::load_or_create_key(options.folder, rng);
  if (!key) return tl::unexpected<Error>{key.error()};
  if (auto written = probe_program::write_url(options.folder, options.url); !written)
    return written;
  std::printf(
      "This probe's public key:\n%s\nWhoever runs khiend enters it:\n"
      "khienctl probe add NAME --provider PROVIDER --key %s --decision …\nthen: khien-probe run\n",
      probe::key_text(key->public_key()).c_str(), probe::key_text(key->public_key()).c_str());
  return {};
}

Result<probe_program::Agent> open_agent(const probe_program::Options& options, const Clock& clock,
                                        Rng& rng, const probe_program::Stop& stop) {
  auto key = probe_program::load_key(options.folder);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  auto url = probe_program::load_url(options.folder);
  if (!url) return tl::unexpected<Error>{std::move(url).error()};
  std::optional<net::TlsContext> tls;
  if (url->is_encrypted) {
    auto context = net::TlsContext::client({.authorities = options.authorities});
    if (!context) return tl::unexpected<Error>{std::move(context).error()};
    tls = std::move(*context);
  }
  return probe_program::Agent{
      {.client = probe::KhiendClient{{.url = std::move(*url),
                                      .tls = std::move(tls),
                                      .key = std::move(*key),
                                      .clock = clock,
                                      .rng = rng,
                                      .stop_fd = stop.fd(),
                                      .program = "khien-probe " KHIEN_VERSION}},
       .clock = clock,
       .rng = rng,
       .stop = stop}};
}

Result<void> work(const probe_program::Options& options) {
  const SystemClock clock;
  SystemRng rng;
  if (options.task == probe_program::Task::enrol) return enrol(options, rng);
  const auto stop = probe_program::Stop::make();
  if (!stop) return tl::unexpected<Error>{stop.error()};
  take_signals(*stop);
  auto agent = open_agent(options, clock, rng, *stop);
  if (!agent) return tl::unexpected<Error>{std::move(agent).error()};
  if (options.task == probe_program::Task::run && !options.once) {
    agent->run();
    return {};
  }
  const bool sends = options.task == probe_program::Task::run;
  const auto round = sends ? agent->look_and_report() : agent->look();
  if (!round) return tl::unexpected<Error>{round.error()};
  std::fputs(probe_program::table_of(round->work, round->statement).c_str(), stdout);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  const auto options = probe_program::read_options(argc, argv);
  Result<void> done;
  if (!options) {
    done = tl::unexpected<Error>{options.error()};
  } else if (*options) {
    done = work(**options);
  }
  if (done) return 0;
  std::fprintf(stderr, "khien-probe: %s\n", done.error().message.c_str());
  return exit_code(done.error().code);
}
