#include "resolver/policy_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "base/file.h"
#include "base/log.h"

namespace khien::resolver {
namespace {

constexpr std::string_view loads_name = "khien_dnsd_policies_loads_total";
constexpr std::string_view loads_help = "Policy documents read, by outcome";

// What tells one state of a file from another without reading it; empty if there is none.
std::string stamp_of(const std::filesystem::path& path) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) != 0) return {};
  const auto number = [](auto value) { return std::to_string(value) + " "; };
  return number(seen.st_mtim.tv_sec) + number(seen.st_mtim.tv_nsec) + number(seen.st_size) +
         number(seen.st_ino) + number(seen.st_dev);
}

}  // namespace

PolicyFile::PolicyFile(std::filesystem::path path, const policy::PolicyDocumentContext& context,
                       const Clock& clock, Metrics& metrics)
    : path_(std::move(path)),
      context_(context),
      clock_(clock),
      published_(policy::NetworkPolicies::one(context.others)),
      accepted_(metrics.counter(loads_name, loads_help, "outcome=\"accepted\"")),
      refused_(metrics.counter(loads_name, loads_help, "outcome=\"refused\"")),
      degraded_(metrics.gauge("khien_dnsd_policies_degraded",
                              "1 while the policy document on disk is not the one in force")),
      networks_(metrics.gauge("khien_dnsd_networks", "Networks of the document in force")),
      prefixes_(metrics.gauge("khien_dnsd_network_prefixes", "Their prefixes")),
      unheard_(metrics.gauge("khien_dnsd_policies_listeners_unheard",
                             "Listeners of the document in force that nobody listens on")) {}

Result<bool> PolicyFile::load() { return load(*state_.lock()); }

Result<bool> PolicyFile::load(State& state) {
  // The stamp first: a file that is replaced meanwhile is read again at the next look.
  std::string stamp = stamp_of(path_);
  if (!stamp.empty() && stamp == state.stamp && state.problem.empty()) return false;
  state.stamp = std::move(stamp);
  const auto read = [&]() -> Result<std::shared_ptr<const policy::PolicyBook>> {
    auto text = read_file(path_, policy::policy_document_size_max);
    if (!text) return tl::unexpected(std::move(text).error());
    return policy::read_policies(as_text(*text), context_);
  };
  auto book = read();
  if (!book) {
    Error error{.code = book.error().code,
                .message = "policies " + path_.string() + ": " + book.error().message};
    refused_.add();
    degraded_.set(1);
    state.problem = error.message;
    return tl::unexpected(std::move(error));
  }
  state.book = std::move(*book);
  state.policies = nullptr;
  state.rows.take(state.book->policy_names);
  state.problem.clear();
  follow_time(state);
  accepted_.add();
  degraded_.set(0);
  networks_.set(static_cast<std::int64_t>(state.book->network_count));
  prefixes_.set(static_cast<std::int64_t>(state.book->prefix_count));
  KHIEN_LOG(info, "policies_in_force", {"networks", state.book->network_count},
            {"prefixes", state.book->prefix_count});
  tell_unheard(state);
  return true;
}

void PolicyFile::listening_on(std::vector<std::string> addresses) {
  auto state = state_.lock();
  state->addresses = std::move(addresses);
  tell_unheard(*state);
}

void PolicyFile::tell_unheard(const State& state) {
  if (state.book == nullptr || state.addresses.empty()) return;
  const auto unheard = unheard_listeners(*state.book, state.addresses);
  unheard_.set(static_cast<std::int64_t>(unheard.size()));
  if (unheard.empty()) return;
  KHIEN_LOG(warning, "policies_listeners_unheard", {"listeners", unheard.size()},
            {"first", unheard.front()}, {"effect", "nobody is in these networks by that address"});
}

std::vector<std::string> unheard_listeners(const policy::PolicyBook& book,
                                           std::span<const std::string> addresses) {
  std::vector<std::string> unheard;
  std::ranges::copy_if(book.listeners, std::back_inserter(unheard), [&](const auto& listener) {
    return std::ranges::find(addresses, listener) == addresses.end();
  });
  return unheard;
}

void PolicyFile::follow_time(State& state) {
  const InstantMs now_ms = clock_.now_ms();
  state.minute = now_ms / ms_per_minute;
  auto policies = policy::in_force(*state.book, now_ms, state.policies, state.rows.numbers());
  if (policies == state.policies) return;
  state.policies = policies;
  published_.publish(std::move(policies));
}

void PolicyFile::look() {
  auto state = state_.lock();
  if (stamp_of(path_) != state->stamp) {
    if (auto loaded = load(*state); !loaded) {
      KHIEN_LOG(error, "policies_refused", {"why", loaded.error().message});
    }
  }
  if (state->book != nullptr && clock_.now_ms() / ms_per_minute != state->minute) {
    follow_time(*state);
  }
}

std::string PolicyFile::problem() { return state_.lock()->problem; }

}  // namespace khien::resolver
