#include "exchange/list_fetch.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/file.h"
#include "http/fetch.h"

namespace khien::exchange {
namespace {

http::FetchRequest request_for(const ListFetch& wanted, std::string url, std::uint64_t size_max) {
  return {.url = std::move(url),
          .size_max = size_max,
          .reach = http::FetchReach::any,
          .ca_file = wanted.ca_file};
}

Result<std::string> fetch_signature(const ListFetch& wanted) {
  std::string text;
  auto fetched = http::fetch(
      request_for(wanted, wanted.url + std::string{signature_ending}, minisign_text_max),
      [&](Bytes piece) -> Result<void> {
        text += as_text(piece);
        return {};
      });
  if (!fetched) return propagate(std::move(fetched).error(), "fetch the signature");
  return text;
}

/// What the signature claims, before it is verified: which edition to ask for.
std::string claimed_version(std::string_view signature) {
  constexpr std::string_view mark = "\ntrusted comment: ";  // not the untrusted one
  const auto at = signature.find(mark);
  if (at == std::string_view::npos) return {};
  const auto line = signature.substr(at + mark.size());
  const auto statement = read_trusted_comment(line.substr(0, line.find('\n')));
  if (!statement) return {};
  const auto& version = statement->version;
  const bool plain = version.find_first_not_of("0123456789abcdef-") == std::string::npos;
  return plain && version.size() <= 64 ? version : std::string{};
}

/// The list into `path`, hashed on its way.
Result<crypto::Blake2bDigest> fetch_content(const ListFetch& wanted, const std::string& version,
                                            const std::filesystem::path& path) {
  const FileDescriptor file{
      ::open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (!file.valid()) {
    return fail(ErrorCode::unavailable, "write " + path.string() + ": " + std::strerror(errno));
  }
  crypto::Blake2b hash;
  const auto url = version.empty() ? wanted.url : wanted.url + "?version=" + version;
  auto fetched =
      http::fetch(request_for(wanted, url, signed_list_size_max), [&](Bytes piece) -> Result<void> {
        hash.update(piece);
        return write_all(file.get(), piece);
      });
  if (!fetched) return propagate(std::move(fetched).error(), "fetch the list");
  return hash.finish();
}

Result<void> check(const ListStatement& statement, const std::filesystem::path& list,
                   const Result<ListStatement>& before, InstantMs now_ms) {
  if (statement.file != list.filename().string()) {
    return fail(ErrorCode::denied, "what came was signed as " + statement.file, "other_list");
  }
  if (statement.expires_at_ms <= now_ms) {
    return fail(ErrorCode::denied, "what came is over already", "list_expired");
  }
  if (before && statement.made_at_ms < before->made_at_ms) {
    return fail(ErrorCode::denied, "what came is older than what is here", "list_older");
  }
  return {};
}

}  // namespace

Result<std::filesystem::path> fetched_path(const ListFetch& wanted) {
  const auto name = wanted.url.substr(wanted.url.rfind('/') + 1);
  const bool plain =
      !name.empty() && name.front() != '.' && name.find_first_of("?#%\\") == std::string::npos;
  if (!wanted.url.starts_with("https://") || !plain) {
    return fail(ErrorCode::invalid_argument,
                "a list's address is https://… and ends in its name, such as orders.domains",
                "bad_url");
  }
  return wanted.folder / name;
}

Result<ListFetched> fetch_list(const ListFetch& wanted, const Clock& clock) {
  auto list = fetched_path(wanted);
  if (!list) return tl::unexpected<Error>{std::move(list).error()};
  auto signature = fetch_signature(wanted);
  if (!signature) return tl::unexpected<Error>{std::move(signature).error()};
  const auto before = verify_list_file(*list, wanted.key);
  const auto version = claimed_version(*signature);
  if (before && !version.empty() && before->version == version) return ListFetched::unchanged;

  const auto unfinished = list->string() + ".unfinished";
  auto digest = fetch_content(wanted, version, unfinished);
  std::error_code error;
  const auto refused = [&](Error why) {
    std::filesystem::remove(unfinished, error);
    return tl::unexpected<Error>{std::move(why)};
  };
  if (!digest) return refused(std::move(digest).error());
  auto comment = verify_minisign(wanted.key, *digest, *signature);
  if (!comment) return refused(std::move(comment).error());
  auto statement = read_trusted_comment(*comment);
  if (!statement) return refused(std::move(statement).error());
  if (auto good = check(*statement, *list, before, clock.now_ms()); !good) {
    return refused(std::move(good).error());
  }
  // Between the two a reader sees a list with another's signature, refuses it and looks again.
  std::filesystem::rename(unfinished, *list, error);
  if (error) return refused({ErrorCode::unavailable, "replace the list: " + error.message(), ""});
  auto written = write_file_atomically(list->string() + std::string{signature_ending},
                                       as_bytes(*signature), FileAccess::everybody);
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  return ListFetched::replaced;
}

}  // namespace khien::exchange
