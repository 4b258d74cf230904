#include <fmt/format.h>

#include "base/file.h"
#include "codec/rfc3339.h"
#include "commands.h"
#include "exchange/list_fetch.h"
#include "publish/list_key.h"
#include "signed_lists.h"

namespace khien::khienctl {

Result<exchange::MinisignPublicKey> public_key_of(const Place& place, const std::string& given) {
  if (given.empty()) {
    auto key = publish::load_list_key(place.state);
    if (key) return exchange::MinisignPublicKey{key->public_key()};
    if (key.error().code != ErrorCode::not_found) return tl::unexpected<Error>{key.error()};
    return fail(ErrorCode::not_found,
                "there is no key of lists in " + place.state.string() +
                    "/keys: give the public key with --key, as text or as a file (khien.pub)");
  }
  auto key = exchange::MinisignPublicKey::parse(given);
  if (key) return key;
  auto file = read_file(given, exchange::minisign_text_max);
  if (!file) {
    return fail(ErrorCode::invalid_argument, given + " is neither a public key nor a file of one");
  }
  return exchange::MinisignPublicKey::parse(as_text(*file));
}

Result<void> list_key(const Place& place) {
  auto key = public_key_of(place, "");
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  fmt::print("{}", key->file_text());
  return {};
}

Result<void> list_verify(const Place& place, const ListVerify& wanted) {
  auto key = public_key_of(place, wanted.key);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  auto statement = exchange::verify_list_file(wanted.file, *key);
  if (!statement) return tl::unexpected<Error>{std::move(statement).error()};
  fmt::print("{} is good: serial {}, made {}, good until {}, signed by {}.\n", statement->file,
             statement->serial, codec::write_rfc3339(statement->made_at_ms),
             codec::write_rfc3339(statement->expires_at_ms), key->id_text());
  const SystemClock clock;
  if (statement->expires_at_ms > clock.now_ms()) return {};
  return fail(ErrorCode::denied, "but its time is over: fetch it again");
}

Result<void> list_fetch(const Place& place, const ListFetchWanted& wanted) {
  auto key = public_key_of(place, wanted.key);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  const exchange::ListFetch fetch{
      .url = wanted.url, .folder = wanted.folder, .key = *key, .ca_file = wanted.ca_file};
  const auto path = exchange::fetched_path(fetch);
  if (!path) return tl::unexpected<Error>{path.error()};
  const SystemClock clock;
  auto fetched = exchange::fetch_list(fetch, clock);
  if (!fetched) return tl::unexpected<Error>{std::move(fetched).error()};
  fmt::print("{}: {}\n", path->string(),
             *fetched == exchange::ListFetched::replaced ? "replaced" : "unchanged");
  return {};
}

}  // namespace khien::khienctl
