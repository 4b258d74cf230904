#include "exchange/list_writer.h"

#include <gtest/gtest.h>

#include <vector>

#include "codec/json.h"
#include "exchange/list_reader.h"

namespace khien::exchange {
namespace {

constexpr InstantMs made_at_ms = 1'795'478'400'000;  // 2026-11-24T00:00:00Z

ListHead head_of(const ListBody& body) {
  return {.list = "orders-phishing",
          .title = "Khien orders-phishing (khien.example)",
          .home = "https://khien.example/lists/",
          .objections = "https://khien.example/object",
          .serial = 17,
          .made_at_ms = made_at_ms,
          .expires_at_ms = made_at_ms + ms_per_day,
          .update_hours = 6,
          .count = body.count(),
          .domain_count = body.domain_count()};
}

/// Two entries: one name alone, and one with all below it.
std::string two(ListOutput output) {
  ListBody body{output};
  std::string entries;
  body.append({.name = "mot.example", .scope = cases::Scope::host, .zone = "orders-phishing"},
              entries);
  body.append({.name = "hai.example", .scope = cases::Scope::domain, .zone = "orders-phishing"},
              entries);
  EXPECT_EQ(body.count(), 2U);
  EXPECT_EQ(body.domain_count(), 1U);
  return list_head(output, head_of(body)) + entries + std::string{list_tail(output)};
}

std::string without_comments(std::string_view text, char mark) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    if (text.front() != mark) out += text.substr(0, end);
    text.remove_prefix(end);
  }
  return out;
}

TEST(ListWriter, EachFormatSaysHowFarAnEntryReaches) {
  EXPECT_EQ(without_comments(two(ListOutput::domains), '#'),
            "mot.example\nhai.example\n*.hai.example\n");
  EXPECT_EQ(without_comments(two(ListOutput::hosts), '#'),
            "0.0.0.0 mot.example\n0.0.0.0 hai.example # and below\n");
  EXPECT_EQ(without_comments(two(ListOutput::adblock), '!'),
            "|mot.example^\n|http://mot.example^\n|https://mot.example^\n||hai.example^\n");
  EXPECT_EQ(without_comments(two(ListOutput::csv), '#'),
            "name,scope,zone\nmot.example,host,orders-phishing\n"
            "hai.example,domain,orders-phishing\n");
}

TEST(ListWriter, EveryHeadHasTheSameFacts) {
  for (const auto output :
       {ListOutput::domains, ListOutput::hosts, ListOutput::adblock, ListOutput::csv}) {
    const auto text = two(output);
    const std::string mark = output == ListOutput::adblock ? "!" : "#";
    for (const std::string_view line :
         {" Title: Khien orders-phishing (khien.example)\n", " Serial: 17\n",
          " Generated: 2026-11-24T00:00:00Z\n", " Valid-until: 2026-11-25T00:00:00Z\n",
          " Count: 2\n", " Homepage: https://khien.example/lists/\n",
          " Licence: https://khien.example/lists/\n",
          " Objections: https://khien.example/object\n"}) {
      EXPECT_NE(text.find(mark + std::string{line}), std::string::npos)
          << to_string(output) << line << text;
    }
  }
  EXPECT_NE(two(ListOutput::adblock).find("! Expires: 6 hours\n"), std::string::npos);
  EXPECT_NE(two(ListOutput::hosts).find("# 1 of these names"), std::string::npos)
      << "a hosts file says what it cannot say";
}

TEST(ListWriter, JsonIsOneDocument) {
  const auto text = two(ListOutput::json);
  const auto json = codec::Json::parse(text, {.size_max = 4'096});
  ASSERT_TRUE(json.has_value()) << json.error().message << text;
  EXPECT_EQ(json->integer_at("serial").value_or(0), 17);
  EXPECT_EQ(json->integer_at("count").value_or(0), 2);
  EXPECT_EQ(json->text_at("expires_at").value_or(""), "2026-11-25T00:00:00Z");
  const auto entries = json->array_at("entries");
  ASSERT_TRUE(entries.has_value());
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[1].text_at("name").value_or(""), "hai.example");
  EXPECT_EQ((*entries)[1].text_at("scope").value_or(""), "domain");

  const auto nothing = list_head(ListOutput::json, head_of(ListBody{ListOutput::json})) +
                       std::string{list_tail(ListOutput::json)};
  ASSERT_TRUE(codec::Json::parse(nothing, {.size_max = 4'096}).has_value()) << nothing;
}

// What we write is what our own feeds read: no format widens or narrows an entry, but for hosts.
TEST(ListWriter, WhatIsReadBackIsWhatWasWritten) {
  struct Case {
    ListOutput output;
    ListOptions options;
    std::vector<std::string> entries;
  };
  const std::vector<Case> cases{
      {ListOutput::domains,
       {.format = ListFormat::domains},
       {"mot.example host", "hai.example host", "hai.example domain"}},
      {ListOutput::hosts, {.format = ListFormat::hosts}, {"mot.example host", "hai.example host"}},
      {ListOutput::adblock,
       {.format = ListFormat::adblock},
       {"mot.example host", "hai.example domain"}},
      {ListOutput::csv,
       {.format = ListFormat::csv, .csv_column = "name"},
       {"mot.example host", "hai.example host"}},
  };
  for (const auto& [output, options, wanted] : cases) {
    std::vector<std::string> got;
    const auto counts = read_list(two(output), options, [&](const ListEntry& entry) {
      got.push_back(std::string{entry.host} + (entry.reach == Reach::host ? " host" : " domain"));
    });
    ASSERT_TRUE(counts.has_value()) << to_string(output);
    EXPECT_EQ(got, wanted) << to_string(output);
  }
}

TEST(ListWriter, NamesThatAFormatCouldMisreadAreNone) {
  for (const std::string_view good :
       {"a.b", "xn--vit-5kz.example", "_dmarc.a.example", "1.2.test"}) {
    EXPECT_TRUE(is_list_name(good)) << good;
  }
  for (const std::string_view bad :
       {"", ".", "com", ".a.b", "a.b.", "a..b", "A.b", "a b.c", "a#.b", "a,b.c", "a\"b.c", "*.a.b",
        "a\\046b.c", "a/b.c", "a\nb.c", "việt.example"}) {
    EXPECT_FALSE(is_list_name(bad)) << bad;
  }
}

TEST(ListOutput, WordsRoundTrip) {
  for (const char* word : {"domains", "hosts", "adblock", "csv", "json"}) {
    const auto output = parse_list_output(word);
    ASSERT_TRUE(output.has_value()) << word;
    EXPECT_EQ(to_string(*output), word);
  }
  EXPECT_FALSE(parse_list_output("rpz").has_value());
  EXPECT_FALSE(parse_list_output("").has_value());
}

}  // namespace
}  // namespace khien::exchange
