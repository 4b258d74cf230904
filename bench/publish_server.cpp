// The zones and their primary, to be measured from outside by bench/publish_followers.py:
//   bench_publish_server FOLDER NAMES FOLLOWERS FIRST_PORT
// NAMES names of scope domain in feeds-fraud (two records each); FOLLOWERS secondaries at
// 127.0.1.1, 127.0.1.2, … told at FIRST_PORT. Prints "ready PORT SERIAL". Then for each line
// "add N" or "remove N" on its input: N names come or go in orders-phishing; prints the steady
// clock's nanoseconds before the change and after it is durable, and the new serial.
#include <sys/resource.h>

#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "base/random.h"
#include "publish/primary.h"
#include "publish/publisher.h"

using namespace khien;

namespace {

std::int64_t steady_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

bool fill(publish::ZoneSet& zones, std::size_t count) {
  SeededRng rng{1};
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::string name;
    for (std::size_t k = 5 + rng.below(9); k > 0; --k) {
      name.push_back(static_cast<char>('a' + rng.below(26)));
    }
    names.push_back(name + std::to_string(i) + ".example");
  }
  return zones
      .replace({.zone = "feeds-fraud",
                .source = "feed:bench",
                .names = names,
                .scope = publish::Scope::domain})
      .has_value();
}

publish::Access followers(std::size_t count, std::uint16_t port) {
  publish::Access access;
  for (std::size_t i = 1; i <= count; ++i) {
    const std::string address = "127.0.1." + std::to_string(i);
    access.rules.push_back(
        {.name = "follower-" + std::to_string(i),
         .addresses = {*net::Prefix::parse(address)},
         .zones = {"orders-phishing"},
         .notify = {*net::SocketAddress::parse(address + ":" + std::to_string(port))}});
  }
  access.rules.push_back({.name = "here", .addresses = {*net::Prefix::parse("127.0.0.1")}});
  return access;
}

bool change(publish::ZoneSet& zones, bool is_add, std::size_t first, std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("lua-" + std::to_string(first + i) + ".example");
  }
  std::vector<publish::Change> changes;
  for (const auto& name : names) {
    changes.push_back({.kind = is_add ? publish::ChangeKind::add : publish::ChangeKind::remove,
                       .zone = "orders-phishing",
                       .name = name,
                       .source = "order:bench",
                       .scope = publish::Scope::host});
  }
  return zones.apply(changes).has_value();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 64;
  const SystemClock clock;
  SystemRng rng;
  Metrics metrics;
  auto zones = publish::ZoneSet::open({.folder = argv[1]}, clock, rng);
  if (!zones || !fill(**zones, std::stoul(argv[2]))) return 1;
  while ((*zones)->make_pages(publish::pages_a_turn) > 0) {  // as the publisher does
  }
  auto primary = publish::Primary::start({.listen = *net::SocketAddress::parse("127.0.0.1:0")},
                                         **zones, clock, rng, metrics);
  if (!primary) return 1;
  const auto port = static_cast<std::uint16_t>(std::stoul(argv[4]));
  if (!(*primary)->set_access(followers(std::stoul(argv[3]), port))) return 1;
  const auto& zone = *publish::find_zone("orders-phishing");
  std::cout << "ready " << (*primary)->address().port << ' ' << *(*zones)->serial(zone)
            << std::endl;
  std::string what;
  std::size_t count = 0;
  std::size_t next = 0;
  while (std::cin >> what >> count) {
    const bool is_add = what == "add";
    const auto before = steady_ns();
    if (!change(**zones, is_add, is_add ? next : next - count, count)) return 1;
    next = is_add ? next + count : next - count;
    std::cout << before << ' ' << steady_ns() << ' ' << *(*zones)->serial(zone) << std::endl;
  }
}
