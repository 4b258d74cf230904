#include "key_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "base/file.h"
#include "codec/base64.h"

namespace khien::probe_program {
namespace {

constexpr std::size_t key_file_size_max = 256;

std::filesystem::path key_path(const std::filesystem::path& folder) { return folder / "probe.key"; }
std::filesystem::path url_path(const std::filesystem::path& folder) {
  return folder / "khiend.url";
}

std::string_view first_line(Bytes content) {
  const auto text = as_text(content);
  return text.substr(0, text.find('\n'));
}

Result<void> check_mode(const std::filesystem::path& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return {};  // reading it says what is wrong
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return fail(ErrorCode::denied, path.string() +
                                     " can be read by others: chmod 600 it, or delete "
                                     "it and enrol again");
}

}  // namespace

Result<crypto::Ed25519Key> load_key(const std::filesystem::path& folder) {
  const auto path = key_path(folder);
  if (auto mode = check_mode(path); !mode) return tl::unexpected<Error>{std::move(mode).error()};
  auto content = read_file(path, key_file_size_max);
  if (!content) {
    if (content.error().code != ErrorCode::not_found) {
      return tl::unexpected<Error>{std::move(content).error()};
    }
    return fail(ErrorCode::not_found,
                path.string() + " is not there: run `khien-probe enrol https://…` first");
  }
  auto secret = codec::parse_base64url(first_line(*content));
  crypto::wipe(*content);
  crypto::Ed25519Seed seed{};
  if (!secret || secret->size() != seed.size()) {
    return fail(ErrorCode::corrupt, path.string() + " holds no key");
  }
  std::ranges::copy(*secret, seed.begin());
  crypto::wipe(*secret);
  auto key = crypto::Ed25519Key::from_seed(seed);
  crypto::wipe(seed);
  return key;
}

Result<crypto::Ed25519Key> load_or_create_key(const std::filesystem::path& folder, Rng& rng) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    return fail(ErrorCode::unavailable, "make " + folder.string() + ": " + error.message());
  if (std::filesystem::exists(key_path(folder), error)) return load_key(folder);
  const auto key = crypto::Ed25519Key::generate(rng);
  auto seed = key.seed();
  auto text = codec::base64url(seed) + "\n";
  crypto::wipe(seed);
  auto written = write_file_atomically(key_path(folder), as_bytes(text), FileAccess::owner);
  std::ranges::fill(text, '\0');
  if (!written) return tl::unexpected<Error>{std::move(written).error()};
  return key;
}

Result<void> write_url(const std::filesystem::path& folder, const net::ServiceUrl& url) {
  return write_file_atomically(url_path(folder), as_bytes(to_string(url) + "\n"),
                               FileAccess::everybody);
}

Result<net::ServiceUrl> load_url(const std::filesystem::path& folder) {
  auto content = read_file(url_path(folder), net::service_url_size_max + 1);
  if (!content) {
    return fail(content.error().code,
                content.error().message + ": run `khien-probe enrol https://…` first");
  }
  return net::ServiceUrl::parse(first_line(*content));
}

}  // namespace khien::probe_program
