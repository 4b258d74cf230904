// Replays a corpus through one fuzz target, so that every build runs it as an ordinary test:
//   replay_NAME FOLDER|FILE...
// Exits 1 if a file cannot be read or nothing was replayed; a target that finds a fault aborts.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t input_size_max = 16U << 20;

std::vector<std::filesystem::path> inputs_of(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{path, error}) {
    if (entry.is_regular_file(error)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& path : inputs_of(argv[i])) {
      const auto content = khien::read_file(path, input_size_max);
      if (!content) {
        std::fprintf(stderr, "%s: %s\n", path.c_str(), content.error().message.c_str());
        return 1;
      }
      // Copied to an exact allocation: AddressSanitizer then sees a read one octet too far.
      const std::vector<std::uint8_t> exact(content->begin(), content->end());
      LLVMFuzzerTestOneInput(exact.data(), exact.size());
      ++replayed;
    }
  }
  std::printf("%zu inputs replayed\n", replayed);
  return replayed == 0 ? 1 : 0;
}
