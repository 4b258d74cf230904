#include "options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace khien::probe_program {
namespace {

/// What systemd gives a unit with StateDirectory=, or where that would be.
std::string default_folder() {
  const char* given = std::getenv("STATE_DIRECTORY");  // NOLINT(concurrency-mt-unsafe): one thread
  return given != nullptr && *given != '\0' ? given : "/var/lib/khien-probe";
}

}  // namespace

Result<std::optional<Options>> read_options(int argc, const char* const* argv) {
  Options options{.folder = default_folder()};
  std::string url;
  CLI::App app{
      "Asks a provider's resolvers whether orders took effect there, and whether lifts did. It "
      "asks "
      "resolvers and khiend, and never contacts a listed site."};
  app.set_version_flag("--version", "khien-probe " KHIEN_VERSION);
  app.require_subcommand(1);
  app.add_option("--folder", options.folder, "where key and address are kept");
  app.add_option("--authorities", options.authorities,
                 "PEM file of whom to believe instead of the machine's authorities");
  auto* enrol = app.add_subcommand(
      "enrol", "make a key if there is none, note where khiend is, print the public key");
  enrol->add_option("url", url, "https://… of khiend")->required();
  auto* run = app.add_subcommand("run", "ask and report, round after round");
  run->add_flag("--once", options.once, "one round, then stop");
  auto* check = app.add_subcommand("check", "ask once and print what is seen; nothing is sent");
  app.fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error) == 0) return std::optional<Options>{};
    return fail(ErrorCode::invalid_argument, "see khien-probe --help");
  }
  options.task = enrol->parsed() ? Task::enrol : check->parsed() ? Task::check : Task::run;
  if (options.task == Task::enrol) {
    auto parsed = net::ServiceUrl::parse(url);
    if (!parsed) return tl::unexpected<Error>{std::move(parsed).error()};
    options.url = std::move(*parsed);
  }
  return std::optional{std::move(options)};
}

}  // namespace khien::probe_program
