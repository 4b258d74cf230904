// Measures the zone publisher: bench_publish [NAMES [FILE]]
// NAMES names (1,000,000) with scope domain, so twice as many records, made from a seed or read
// from FILE (one name a line). Prints "figure value unit".
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "base/random.h"
#include "publish/transfer.h"

using namespace khien;

namespace {

constexpr std::size_t default_name_count = 1'000'000;
constexpr int single_changes = 200;

double now_ms() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

double cpu_ms() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

std::vector<std::string> make_names(std::size_t count) {
  SeededRng rng{1};
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string name;
    for (std::size_t k = 5 + rng.below(9); k > 0; --k) {
      name.push_back(static_cast<char>('a' + rng.below(26)));
    }
    names.push_back(name + std::to_string(i % 1000) + ".example");
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::vector<std::string> read_names(const char* path, std::size_t count) {
  std::ifstream file{path};
  std::vector<std::string> names;
  std::string line;
  while (names.size() < count && std::getline(file, line)) names.push_back(line);
  return names;
}

void print(const char* figure, double value, const char* unit) {
  std::printf("publish_%s %.3f %s\n", figure, value, unit);
}

double percentile(std::vector<double> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(part * static_cast<double>(values.size() - 1))];
}

void measure_transfer(publish::ZoneSet& zones, const Clock& clock, bool is_signed) {
  publish::TransferOrder order{
      .zone = publish::find_zone("feeds-fraud"), .id = 1, .qtype = dns::type_axfr};
  if (is_signed) {
    order.key = dns::TsigKey{.name = *dns::Name::from_text("unit.key."), .secret = Octets(32, 1)};
    order.request_mac = Octets(32, 2);
  }
  std::size_t octets = 0;
  const double start = now_ms();
  const double cpu_start = cpu_ms();
  const auto outcome = publish::send_transfer(zones, clock, order, [&](Bytes message) {
    octets += message.size();
    return true;
  });
  print(is_signed ? "axfr_signed_build" : "axfr_build", now_ms() - start, "ms");
  print(is_signed ? "axfr_signed_cpu" : "axfr_cpu", cpu_ms() - cpu_start, "ms");
  if (!is_signed) {
    print("axfr_records", static_cast<double>(outcome.record_count), "records");
    print("axfr_size", static_cast<double>(octets) / 1e6, "MB");
  }
}

void measure_single_changes(publish::ZoneSet& zones, const Clock& clock) {
  std::vector<double> commits;
  std::vector<double> deltas;
  const double cpu_before = cpu_ms();
  for (int i = 0; i < single_changes; ++i) {
    const std::string name = "moi-" + std::to_string(i) + ".example";
    const publish::Change change{.zone = "feeds-fraud", .name = name, .source = "order:1"};
    const auto serial = *zones.serial(*publish::find_zone("feeds-fraud"));
    double start = now_ms();
    if (!zones.apply({&change, 1})) std::abort();
    commits.push_back(now_ms() - start);
    start = now_ms();
    const publish::TransferOrder order{.zone = publish::find_zone("feeds-fraud"),
                                       .id = 1,
                                       .qtype = dns::type_ixfr,
                                       .client_serial = serial};
    static_cast<void>(publish::send_transfer(zones, clock, order, [](Bytes) { return true; }));
    deltas.push_back(now_ms() - start);
  }
  print("one_name_commit_p50", percentile(commits, 0.5), "ms");
  print("one_name_commit_p99", percentile(commits, 0.99), "ms");
  print("one_name_ixfr_p50", percentile(deltas, 0.5), "ms");
  print("one_name_cpu", (cpu_ms() - cpu_before) / single_changes, "ms");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t wanted = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : default_name_count;
  const auto names = argc > 2 ? read_names(argv[2], wanted) : make_names(wanted);
  const auto folder =
      std::filesystem::temp_directory_path() / ("khien-bench-publish-" + std::to_string(getpid()));
  const SystemClock clock;
  SystemRng rng;
  {
    auto zones = publish::ZoneSet::open({.folder = folder}, clock, rng);
    if (!zones) return 1;
    double start = now_ms();
    const auto replaced =
        (*zones)->replace({.zone = "feeds-fraud", .source = "feed:bench", .names = names});
    if (!replaced) return 1;
    print("names", static_cast<double>(replaced->added), "names");
    print("import", now_ms() - start, "ms");
    print("import_cpu", cpu_ms(), "ms");  // with making or reading the names
    // The history of a first import is as long as the history gets; leave it out of the names' own.
    print("memory",
          static_cast<double>((*zones)->memory_size()) / static_cast<double>(names.size()),
          "octets/name");
    measure_single_changes(**zones, clock);
    measure_transfer(**zones, clock, false);
    measure_transfer(**zones, clock, true);
    start = now_ms();
    if (!(*zones)->compact()) return 1;
    print("compaction", now_ms() - start, "ms");
  }
  const double start = now_ms();
  const auto again = publish::ZoneSet::open({.folder = folder}, clock, rng);
  print("restart", now_ms() - start, "ms");
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  return again ? 0 : 1;
}
