// Every *.scn file below this folder is a test. And the runner itself: a scenario that does not
// match must fail, with the line.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "dns_world.h"

namespace khien::scenario {
namespace {

constexpr std::size_t file_size_max = 64 << 10;

std::vector<std::filesystem::path> files_in(const char* folder) {
  std::vector<std::filesystem::path> files;
  const auto all = std::filesystem::path{KHIEN_SOURCE_DIR} / "tests/scenario" / folder;
  for (const auto& entry : std::filesystem::directory_iterator{all}) {
    if (entry.path().extension() == ".scn") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<std::string> failures_of_dns(std::string_view text) {
  Failures failures;
  ManualClock clock;
  DnsWorld world{clock};
  const auto statements = read_statements(text, failures);
  for (const Statement& statement : statements) {
    if (failures.full()) break;
    if (!world.run(statement, failures)) {
      failures.add(statement.line, "there is no statement " + statement.line.words[0]);
    }
  }
  if (statements.empty()) failures.add({.number = 1, .words = {}}, "the scenario says nothing");
  return failures.texts();
}

class DnsScenario : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(DnsScenario, ComesAsItSays) {
  const auto text = read_file(GetParam(), file_size_max);
  ASSERT_TRUE(text.has_value()) << text.error().message;
  const auto name = GetParam().lexically_relative(KHIEN_SOURCE_DIR).string();
  for (const std::string& failure : failures_of_dns(as_text(*text))) {
    ADD_FAILURE() << name << ":" << failure;
  }
}

std::string test_name_of(const testing::TestParamInfo<std::filesystem::path>& file) {
  std::string name = file.param.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Files, DnsScenario, testing::ValuesIn(files_in("dns")), test_name_of);

TEST(ScenarioRunner, AMatchingScenarioHasNoFailure) {
  EXPECT_EQ(failures_of_dns("block orders-phishing xau.example host\n"
                            "query xau.example A\n"
                            "  NXDOMAIN\n"
                            "  ede 16 category=phishing\n"
                            "  soa xau.example 30\n"),
            std::vector<std::string>{});
}

TEST(ScenarioRunner, EachMismatchFailsAtItsLine) {
  const auto failures = failures_of_dns(
      "block orders-phishing xau.example host\n"
      "\n"
      "query xau.example A   # a comment\n"
      "  NOERROR\n"
      "  ede 15\n"
      "  answer xau.example 60 A 192.0.2.1\n"
      "query khac.example A\n"
      "  none\n");
  const std::vector<std::string> wanted{
      "4: expected NOERROR, got NXDOMAIN", "5: expected ede 15, got ede 16",
      "6: expected xau.example 60 A 192.0.2.1, got no such answer",
      "3: expected no SOA, got soa xau.example 30", "8: expected no answer, got NXDOMAIN"};
  EXPECT_EQ(failures, wanted);
}

TEST(ScenarioRunner, WhatCannotBeReadFailsAtItsLine) {
  const auto failures = failures_of_dns(
      "  NXDOMAIN\n"
      "bloc orders-phishing xau.example host\n"
      "block orders-nothing xau.example host\n"
      "block orders-phishing xau.example\n"
      "wait soon\n"
      "query xau.example WHAT\n"
      "query xau.example A\n"
      "  NXDOMAIN\n"
      "  colour blue\n"
      "upstream x.example A\n"
      "  x.example A 192.0.2.1\n");
  std::string lines;
  for (const auto& failure : failures) lines += failure.substr(0, failure.find(':')) + " ";
  EXPECT_EQ(lines, "1 2 3 4 5 6 9 11 ");
  EXPECT_FALSE(failures_of_dns("# nothing but a comment\n").empty());
}

}  // namespace
}  // namespace khien::scenario
