// khienctl helper squid: answers Squid's external ACL questions from signed lists, until Squid
// closes its end. Lists are looked at each second on a thread of their own, and those given by
// address are fetched there, so that an answer never waits for a disk or a server.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "commands.h"
#include "exchange/list_fetch.h"
#include "exchange/proxy_lists.h"
#include "exchange/squid.h"
#include "signed_lists.h"

namespace khien::khienctl {
namespace {

using namespace std::chrono_literals;
constexpr auto look_every = 1s;

/// Squid writes the helpers' standard error into its cache.log.
void complain(const std::string& sentence) {
  fmt::print(stderr, "khienctl helper squid: {}\n", sentence);
}

/// Squid writes it into an error page octet by octet, so that nothing but ASCII stays readable: the
/// list and where to object. The words around it are the page's (packaging/squid/ERR_KHIEN).
std::string message_of(const exchange::ProxyAnswer& answer) {
  return answer.objections.empty() ? answer.list : answer.list + ", " + answer.objections;
}

exchange::SquidAnswer reply(exchange::ProxyLists& lists, const exchange::SquidQuestion& question) {
  using exchange::ProxyVerdict;
  const auto answer = lists.ask(question.target);
  exchange::SquidAnswer reply{.channel = question.channel};
  switch (answer.verdict) {
    case ProxyVerdict::listed:
      reply.result = exchange::SquidResult::ok;
      reply.message = message_of(answer);
      reply.log = answer.list;
      break;
    case ProxyVerdict::not_listed: reply.result = exchange::SquidResult::err; break;
    case ProxyVerdict::unknown: reply.message = "no good list " + answer.list; break;
  }
  return reply;
}

/// Answers what comes on standard input, whole lines at a time. Returns at its end.
Result<void> answer_all(exchange::ProxyLists& lists) {
  std::string waiting;
  std::string answers;
  Octets piece(64UL * 1024);
  while (true) {
    const ssize_t got = ::read(STDIN_FILENO, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return {};
    waiting += as_text(Bytes{piece}.first(static_cast<std::size_t>(got)));
    std::size_t at = 0;
    for (auto end = waiting.find('\n'); end != std::string::npos; end = waiting.find('\n', at)) {
      const auto line = std::string_view{waiting}.substr(at, end - at);
      if (const auto question = exchange::read_squid_question(line)) {
        answers += to_line(reply(lists, *question));
      }
      at = end + 1;
    }
    waiting.erase(0, at);
    if (waiting.size() > exchange::squid_line_max) {
      return fail(ErrorCode::limit_exceeded, "a question is longer than any that Squid asks");
    }
    if (auto written = write_all(STDOUT_FILENO, as_bytes(answers)); !written) return written;
    answers.clear();
  }
}

/// Keeps the lists fresh beside the answers.
class Keeper {
 public:
  Keeper(exchange::ProxyLists& lists, std::vector<exchange::ListFetch> fetches,
         std::chrono::seconds fetch_every)
      : lists_(lists),
        fetches_(std::move(fetches)),
        fetch_every_(fetch_every),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}

 private:
  void run(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock{mutex};
    auto next_fetch = std::chrono::steady_clock::now();
    while (!stop.stop_requested()) {
      if (!fetches_.empty() && std::chrono::steady_clock::now() >= next_fetch) {
        for (const auto& wanted : fetches_) fetch(wanted);
        next_fetch = std::chrono::steady_clock::now() + fetch_every_;
      }
      lists_.refresh();
      woken.wait_for(lock, stop, look_every, [] { return false; });
    }
  }

  void fetch(const exchange::ListFetch& wanted) {
    const auto done = exchange::fetch_list(wanted, clock_);
    if (!done) complain(wanted.url + ": " + done.error().message + "; what is here stays");
  }

  exchange::ProxyLists& lists_;
  std::vector<exchange::ListFetch> fetches_;
  std::chrono::seconds fetch_every_;
  SystemClock clock_;
  std::jthread thread_;  // last: starts when all else is there
};

/// What is asked, and what is fetched for it.
struct Sources {
  exchange::ProxyLists::Options options;
  std::vector<exchange::ListFetch> fetches;
};

Result<void> add_source(const HelperSquid& wanted, const std::string& list, Sources& sources) {
  if (!list.starts_with("https://")) {
    sources.options.files.emplace_back(list);
    return {};
  }
  exchange::ListFetch fetch{
      .url = list, .folder = wanted.folder, .key = sources.options.key, .ca_file = wanted.ca_file};
  auto path = exchange::fetched_path(fetch);
  if (!path) return tl::unexpected<Error>{std::move(path).error()};
  if (wanted.folder.empty()) {
    return fail(ErrorCode::invalid_argument,
                "say with --folder where lists that are fetched may be kept");
  }
  sources.options.files.push_back(std::move(*path));
  sources.fetches.push_back(std::move(fetch));
  return {};
}

}  // namespace

Result<void> helper_squid(const Place& place, const HelperSquid& wanted) {
  auto key = public_key_of(place, wanted.key);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  Sources sources{.options = {.files = {}, .key = *key}, .fetches = {}};
  auto& options = sources.options;
  for (const auto& list : wanted.lists) {
    if (auto added = add_source(wanted, list, sources); !added) return added;
  }
  for (const auto& list : wanted.urls) {
    if (!exchange::holds_urls(list)) {
      return fail(ErrorCode::invalid_argument, "the name of a list of addresses ends in .urls");
    }
    if (auto added = add_source(wanted, list, sources); !added) return added;
  }
  if (options.files.empty() || options.files.size() > exchange::proxy_lists_max) {
    return fail(
        ErrorCode::invalid_argument,
        "give 1 to " + std::to_string(exchange::proxy_lists_max) + " lists with --list or --urls");
  }
  const SystemClock clock;
  exchange::ProxyLists lists{std::move(options), clock, complain};
  lists.refresh();  // what is on disk counts from the first question on
  const Keeper keeper{lists, std::move(sources.fetches),
                      std::chrono::minutes{wanted.fetch_minutes}};
  return answer_all(lists);
}

}  // namespace khien::khienctl
