// khienctl helper nft: keeps nftables equal to a signed list of addresses, until SIGTERM or SIGINT.
// A list that is bad changes nothing; one that is over is given up, and at the end nothing of ours
// is left. khienctl list bgp prints the same list for a router.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "commands.h"
#include "end_signals.h"
#include "exchange/bgp_text.h"
#include "exchange/list_fetch.h"
#include "exchange/nft_script.h"
#include "nft.h"
#include "signed_lists.h"

namespace khien::khienctl {
namespace {

constexpr int look_every_ms = 1'000;
constexpr std::string_view ending = ".prefixes";

struct Good {
  exchange::ListStatement statement;
  exchange::AddressList list;
};

Result<Good> read_good(const std::filesystem::path& file, const exchange::MinisignPublicKey& key,
                       InstantMs now_ms) {
  auto read = exchange::read_signed_list(file, key, now_ms);
  if (!read) return tl::unexpected<Error>{std::move(read).error()};
  auto list = exchange::read_address_list(read->text);
  if (!list) return propagate(std::move(list).error(), file.string());
  return Good{.statement = std::move(read->statement), .list = std::move(*list)};
}

Result<void> check_name(const std::filesystem::path& file) {
  if (file.extension() == ending) return {};
  return fail(ErrorCode::invalid_argument,
              "the name of a list of addresses ends in .prefixes: addresses.prefixes");
}

/// When either file was last written; changes whenever one is replaced.
std::string stamp_of(const std::filesystem::path& file) {
  std::string stamp;
  for (const auto& path :
       {file.string(), file.string() + std::string{exchange::signature_ending}}) {
    std::error_code error;
    const auto at = std::filesystem::last_write_time(path, error);
    stamp += error ? std::string{"- "} : fmt::format("{} ", at.time_since_epoch().count());
  }
  return stamp;
}

class NftKeeper {
 public:
  NftKeeper(std::filesystem::path file, exchange::MinisignPublicKey key,
            exchange::NftVerdict verdict)
      : file_(std::move(file)), key_(key), verdict_(verdict) {}

  /// Looks at the list, and makes nftables what it says.
  void turn() {
    if (in_force_ && in_force_->expires_at_ms <= clock_.now_ms()) {
      complain("the list is over: nothing of it is blocked any more; fetch it again");
      remove();
    }
    auto stamp = stamp_of(file_);
    if (stamp == seen_) return;
    if (auto applied = apply(); !applied) {
      complain(applied.error().message +
               (in_force_ ? "; the last good one stays" : "; nothing is blocked"));
      // A list that is bad is bad until it is replaced; nftables may be there in a moment.
      if (applied.error().code == ErrorCode::unavailable) return;
    }
    seen_ = std::move(stamp);
  }

  Result<void> apply() {
    const auto now_ms = clock_.now_ms();
    auto good = read_good(file_, key_, now_ms);
    if (!good) return tl::unexpected<Error>{std::move(good).error()};
    if (in_force_ && good->statement.made_at_ms < in_force_->made_at_ms) {
      return fail(ErrorCode::denied, "the list is older than what is in force", "list_older");
    }
    const auto life_s =
        std::max<std::int64_t>((good->statement.expires_at_ms - now_ms) / ms_per_second, 1);
    auto done = run_nft(exchange::nft_script(good->list, {.life_s = life_s, .verdict = verdict_}));
    if (!done) return done;
    fmt::print("{}: serial {}, {} entries are blocked\n", good->statement.file,
               good->statement.serial, good->list.size());
    std::fflush(stdout);
    said_.clear();
    in_force_ = std::move(good->statement);
    return {};
  }

  void remove() {
    if (auto done = run_nft(exchange::nft_removal()); !done) return complain(done.error().message);
    in_force_.reset();
  }

  void complain(const std::string& sentence) {
    if (sentence == said_) return;  // the same each second would flood the journal
    said_ = sentence;
    fmt::print(stderr, "khienctl helper nft: {}\n", sentence);
  }

 private:
  std::filesystem::path file_;
  exchange::MinisignPublicKey key_;
  exchange::NftVerdict verdict_;
  SystemClock clock_;
  std::string seen_;
  std::string said_;
  std::optional<exchange::ListStatement> in_force_;
};

/// Where the list lies, and how it comes there if it is fetched.
struct Source {
  std::filesystem::path file;
  std::optional<exchange::ListFetch> fetch;
};

Result<Source> source_of(const HelperNft& wanted, const exchange::MinisignPublicKey& key) {
  if (!wanted.list.starts_with("https://")) return Source{.file = wanted.list, .fetch = {}};
  if (wanted.folder.empty()) {
    return fail(ErrorCode::invalid_argument,
                "say with --folder where a list that is fetched may be kept");
  }
  exchange::ListFetch fetch{
      .url = wanted.list, .folder = wanted.folder, .key = key, .ca_file = wanted.ca_file};
  auto path = exchange::fetched_path(fetch);
  if (!path) return tl::unexpected<Error>{std::move(path).error()};
  return Source{.file = std::move(*path), .fetch = std::move(fetch)};
}

/// Until the end is asked for.
void keep(NftKeeper& keeper, const Source& source, const HelperNft& wanted, int stop) {
  const SystemClock clock;
  const auto every = std::chrono::minutes{wanted.fetch_minutes};
  auto next_fetch = std::chrono::steady_clock::now();
  pollfd end{.fd = stop, .events = POLLIN, .revents = 0};
  do {
    if (source.fetch && std::chrono::steady_clock::now() >= next_fetch) {
      next_fetch = std::chrono::steady_clock::now() + every;
      if (const auto done = exchange::fetch_list(*source.fetch, clock); !done) {
        keeper.complain(source.fetch->url + ": " + done.error().message + "; what is here stays");
      }
    }
    keeper.turn();
  } while (::poll(&end, 1, look_every_ms) != 1);
  keeper.remove();
}

}  // namespace

Result<void> helper_nft(const Place& place, const HelperNft& wanted) {
  auto key = public_key_of(place, wanted.key);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  auto source = source_of(wanted, *key);
  if (!source) return tl::unexpected<Error>{std::move(source).error()};
  if (auto checked = check_name(source->file); !checked) return checked;
  const SystemClock clock;
  if (source->fetch && (wanted.once || wanted.print)) {
    if (auto done = exchange::fetch_list(*source->fetch, clock); !done) {
      return tl::unexpected<Error>{std::move(done).error()};
    }
  }
  const auto verdict = wanted.drop ? exchange::NftVerdict::drop : exchange::NftVerdict::reject;
  if (wanted.print) {
    auto good = read_good(source->file, *key, clock.now_ms());
    if (!good) return tl::unexpected<Error>{std::move(good).error()};
    const auto life_s = (good->statement.expires_at_ms - clock.now_ms()) / ms_per_second;
    fmt::print("{}", exchange::nft_script(good->list, {.life_s = std::max<std::int64_t>(life_s, 1),
                                                       .verdict = verdict}));
    return {};
  }
  auto stop = end_signals();
  if (!stop) return tl::unexpected<Error>{std::move(stop).error()};
  NftKeeper keeper{source->file, *key, verdict};
  if (wanted.once) return keeper.apply();
  keep(keeper, *source, wanted, stop->get());
  return {};
}

Result<void> list_bgp(const Place& place, const ListBgp& wanted) {
  const auto kind = exchange::parse_bgp_text(wanted.kind);
  if (!kind) {
    return fail(ErrorCode::invalid_argument,
                "--bgp is bird-rtbh, bird-flowspec, exabgp-rtbh or exabgp-flowspec");
  }
  auto key = public_key_of(place, wanted.key);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  if (auto checked = check_name(wanted.file); !checked) return checked;
  const SystemClock clock;
  auto good = read_good(wanted.file, *key, clock.now_ms());
  if (!good) return tl::unexpected<Error>{std::move(good).error()};
  fmt::print("{}", exchange::bgp_text(good->list, *kind, good->statement.file,
                                      good->statement.expires_at_ms));
  return {};
}

}  // namespace khien::khienctl
