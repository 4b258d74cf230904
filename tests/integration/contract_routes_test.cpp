// api/openapi.yaml and the route table say the same: every operation of the one is a route of the
// other, with its right, its largest body and its CSRF protection. Reads the few lines of the
// contract that say so by their indentation; it is our own file and written that way.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "khiend.h"

namespace khien::khiend {
namespace {

struct Operation {
  std::string right;
  std::size_t body_size_max = http::body_size_default_max;
  bool csrf = false;
  friend bool operator==(const Operation&, const Operation&) = default;
};
using Operations = std::map<std::string, Operation>;  // by "POST /api/v1/…"

void PrintTo(const Operation& operation, std::ostream* out) {
  *out << operation.right << ", " << operation.body_size_max << " octets"
       << (operation.csrf ? ", CSRF" : "");
}

bool begins_with(std::string_view line, std::size_t indent, std::string_view word) {
  return line.size() > indent && line.find_first_not_of(' ') == indent &&
         line.substr(indent).starts_with(word);
}

std::string upper(std::string_view word) {
  std::string out{word};
  for (auto& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return out;
}

Operations read_contract() {
  std::ifstream file{std::filesystem::path{KHIEN_SOURCE_DIR} / "api/openapi.yaml"};
  Operations operations;
  std::string line;
  std::string path;
  Operation* now = nullptr;
  bool in_paths = false;
  while (std::getline(file, line)) {
    if (!line.empty() && line.front() != ' ' && line.front() != '#') in_paths = line == "paths:";
    if (!in_paths) continue;
    if (begins_with(line, 2, "/")) {
      path = line.substr(2, line.size() - 3);
      now = nullptr;
    }
    for (const auto* method : {"get", "post", "put", "patch", "delete"}) {
      if (begins_with(line, 4, std::string{method} + ":")) {
        now = &operations[upper(method) + " " + path];
      }
    }
    if (now == nullptr) continue;
    if (begins_with(line, 6, "x-right: ")) now->right = line.substr(15);
    if (begins_with(line, 6, "x-body-max: ")) now->body_size_max = std::stoul(line.substr(18));
    if (line.find("parameters/Csrf'") != std::string::npos) now->csrf = true;
  }
  return operations;
}

Operations operations_of(const std::vector<http::Route>& routes) {
  Operations operations;
  for (const auto& route : routes) {
    if (!route.path.starts_with("/api/")) continue;
    operations[std::string{to_string(route.method)} + " " + route.path] = {
        .right = route.permission,
        .body_size_max = route.body_size_max,
        .csrf = route.csrf == http::Csrf::required};
  }
  return operations;
}

TEST(Contract, SaysWhatTheRouteTableDoes) {
  std::string name = (std::filesystem::temp_directory_path() / "khien-contract-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const std::filesystem::path folder{name};
  Options options;
  options.listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
  options.dns_listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
  options.state = folder;
  options.database = "sqlite:" + (folder / "khien.db").string();
  options.data = std::filesystem::path{KHIEN_SOURCE_DIR} / "data";
  options.texts = std::filesystem::path{KHIEN_SOURCE_DIR} / "i18n";
  options.public_url = "http://localhost:8080";
  auto khiend = Khiend::start(options);
  ASSERT_TRUE(khiend.has_value()) << khiend.error().message;
  const auto routes = (*khiend)->routes();
  ASSERT_TRUE(routes.has_value());

  auto written = read_contract();
  const auto served = operations_of(*routes);
  EXPECT_GT(served.size(), 60U) << "the table was read";
  for (const auto& [operation, route] : served) {
    ASSERT_TRUE(written.contains(operation)) << operation << " is not in the contract";
    EXPECT_EQ(written.at(operation), route) << operation;
    written.erase(operation);
  }
  std::erase_if(written,
                [](const auto& one) { return one.first.find("/api/") == std::string::npos; });
  for (const auto& [operation, promised] : written) {
    ADD_FAILURE() << operation << " is promised and not served";
  }
  khiend->reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace khien::khiend
