#include "publish/list_key.h"

#include <algorithm>

#include "base/file.h"

namespace khien::publish {
namespace {

std::filesystem::path path_in(const std::filesystem::path& state) {
  return state / "keys" / "lists.seed";
}

}  // namespace

Result<crypto::Ed25519Key> load_list_key(const std::filesystem::path& state) {
  auto content = read_file(path_in(state), sizeof(crypto::Ed25519Seed));
  if (!content) return propagate(std::move(content).error(), "read the key of lists");
  crypto::Ed25519Seed seed{};
  if (content->size() != seed.size()) {
    return fail(ErrorCode::corrupt, path_in(state).string() + " is no signing key");
  }
  std::ranges::copy(*content, seed.begin());
  auto key = crypto::Ed25519Key::from_seed(seed);
  crypto::wipe(seed);
  crypto::wipe(*content);
  return key;
}

Result<crypto::Ed25519Key> load_or_create_list_key(const std::filesystem::path& state, Rng& rng) {
  auto loaded = load_list_key(state);
  if (loaded || loaded.error().code != ErrorCode::not_found) return loaded;
  auto key = crypto::Ed25519Key::generate(rng);
  auto seed = key.seed();
  auto written = write_file_atomically(path_in(state), seed, FileAccess::owner);
  crypto::wipe(seed);
  if (!written) return propagate(std::move(written).error(), "write the key of lists");
  return key;
}

}  // namespace khien::publish
