#include "state_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <system_error>

namespace khien::khiend {
namespace {

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error) {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  }
  if (error) {
    return fail(ErrorCode::unavailable, "make folder " + path.string() + ": " + error.message());
  }
  return {};
}

}  // namespace

Result<crypto::Ed25519Key> load_or_create_signing_key(const std::filesystem::path& path, Rng& rng) {
  auto content = read_file(path, sizeof(crypto::Ed25519Seed));
  if (!content && content.error().code == ErrorCode::not_found) {
    const auto key = crypto::Ed25519Key::generate(rng);
    auto seed = key.seed();
    auto written = write_file_atomically(path, seed, FileAccess::owner);
    crypto::wipe(seed);
    if (!written) return propagate(std::move(written).error(), "write signing key");
    return key;
  }
  if (!content) return propagate(std::move(content).error(), "read signing key");
  crypto::Ed25519Seed seed{};
  if (content->size() != seed.size()) {
    return fail(ErrorCode::corrupt, path.string() + " is no signing key: it has another size");
  }
  std::ranges::copy(*content, seed.begin());
  auto key = crypto::Ed25519Key::from_seed(seed);
  crypto::wipe(seed);
  crypto::wipe(*content);
  return key;
}

Result<StateFolder> StateFolder::open(const std::filesystem::path& path, Rng& rng) {
  for (const auto& folder : {path, path / "keys"}) {
    if (auto made = make_private_folder(folder); !made) {
      return tl::unexpected<Error>{std::move(made).error()};
    }
  }
  const auto lock_path = path / "lock";
  FileDescriptor lock{::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::conflict, "another khiend uses " + path.string());
  }
  auto seal_key = crypto::load_or_create_seal_key(path / "keys" / "seal.key", rng);
  if (!seal_key) return propagate(std::move(seal_key).error(), "load the seal key");
  auto server_key = load_or_create_signing_key(path / "keys" / "server.key", rng);
  if (!server_key) return tl::unexpected<Error>{std::move(server_key).error()};
  return StateFolder{path, std::move(lock), std::move(*seal_key), std::move(*server_key)};
}

}  // namespace khien::khiend
