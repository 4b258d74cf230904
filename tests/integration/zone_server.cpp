// Our primary with one zone, for tests that follow it from outside (followers_test.py):
//   khien_zone_server FOLDER LISTEN NOTIFY…
// It tells every NOTIFY (ADDR:PORT) and lets their addresses transfer orders-phishing. Reads lines
// "add NAME host|domain" and "remove NAME", and at "commit" makes them one change: prints the
// zone's serial.
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/random.h"
#include "publish/primary.h"

using namespace khien;

namespace {

constexpr const char* zone_id = "orders-phishing";

struct Line {
  publish::ChangeKind kind;
  std::string name;
  publish::Scope scope;
};

bool commit(publish::ZoneSet& zones, const std::vector<Line>& lines) {
  std::vector<publish::Change> changes;
  for (const Line& line : lines) {
    changes.push_back({.kind = line.kind,
                       .zone = zone_id,
                       .name = line.name,
                       .source = "order:1",
                       .scope = line.scope});
  }
  const auto applied = zones.apply(changes);
  if (!applied) {
    std::cerr << applied.error().message << "\n";
    return false;
  }
  for (const auto& refused : applied->refused) {
    std::cerr << lines[refused.index].name << ": " << refused.reason << "\n";
  }
  return true;
}

void serve(publish::ZoneSet& zones) {
  std::vector<Line> lines;
  std::string text;
  while (std::getline(std::cin, text)) {
    std::istringstream words{text};
    std::string verb;
    std::string name;
    std::string scope;
    words >> verb >> name >> scope;
    if (verb != "commit") {
      lines.push_back(
          {.kind = verb == "add" ? publish::ChangeKind::add : publish::ChangeKind::remove,
           .name = name,
           .scope = scope == "domain" ? publish::Scope::domain : publish::Scope::host});
      continue;
    }
    if (!commit(zones, lines)) return;
    lines.clear();
    std::cout << *zones.serial(*publish::find_zone(zone_id)) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 64;
  const SystemClock clock;
  SystemRng rng;
  Metrics metrics;
  auto zones = publish::ZoneSet::open({.folder = argv[1]}, clock, rng);
  if (!zones) return 1;
  auto primary = publish::Primary::start({.listen = *net::SocketAddress::parse(argv[2])}, **zones,
                                         clock, rng, metrics);
  if (!primary) {
    std::cerr << primary.error().message << "\n";
    return 1;
  }
  publish::AccessRule rule{.name = "followers", .zones = {zone_id}};
  for (int i = 3; i < argc; ++i) {
    rule.notify.push_back(*net::SocketAddress::parse(argv[i]));
    rule.addresses.push_back(*net::Prefix::parse(to_string(rule.notify.back().ip)));
  }
  if (!(*primary)->set_access({.keys = {}, .rules = {rule}})) return 1;
  std::cout << "ready" << std::endl;
  serve(**zones);
}
