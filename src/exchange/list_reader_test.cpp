#include "exchange/list_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "base/random.h"

namespace khien::exchange {
namespace {

struct Read {
  std::vector<std::string> entries;  // "host", "host/below", "host/domain"
  ListCounts counts;
};

Read read(std::string_view text, const ListOptions& options) {
  Read out;
  const auto counts = read_list(text, options, [&out](const ListEntry& entry) {
    const char* reach = entry.reach == Reach::host     ? ""
                        : entry.reach == Reach::domain ? "/domain"
                                                       : "/below";
    out.entries.push_back(std::string{entry.host} + reach);
  });
  EXPECT_TRUE(counts.has_value());
  if (counts) out.counts = *counts;
  return out;
}

Read read(std::string_view text, ListFormat format) { return read(text, {.format = format}); }

std::uint64_t refused(const Read& read, ListRefusal reason) {
  return read.counts.refused[static_cast<std::size_t>(reason)];
}

using Entries = std::vector<std::string>;

TEST(ReadList, Hosts) {
  const auto got = read(
      "# comment\r\n127.0.0.1 localhost\n0.0.0.0 XAU.example www.xau.example # note\n::1 a.test\n"
      "192.0.2.7 doi-huong.example\nkhong-phai\n0.0.0.0\n0.0.0.0 a..b 192.0.2.1 bare\n"
      "fe80::1%lo0 localhost\n\n   \n0.0.0.0 cuoi.example",
      ListFormat::hosts);
  EXPECT_EQ(got.entries, (Entries{"xau.example", "www.xau.example", "a.test", "cuoi.example"}));
  EXPECT_EQ(refused(got, ListRefusal::local_name), 2U);
  EXPECT_EQ(refused(got, ListRefusal::other_address), 1U);
  EXPECT_EQ(refused(got, ListRefusal::bad_syntax), 2U);
  EXPECT_EQ(refused(got, ListRefusal::not_a_host), 1U);
  EXPECT_EQ(refused(got, ListRefusal::ip_address), 1U);
  EXPECT_EQ(refused(got, ListRefusal::single_label), 1U);
}

TEST(ReadList, Domains) {
  const std::string text =
      "\xEF\xBB\xBFxau.example\n*.sao.example\nviệt.example\nhttps://xau.example/a\n"
      "hai ten.example\n! chú thích\n; chú thích\nxn--zzzzzzzzzz99999.example\n.dau.example\n";
  const auto got = read(text, ListFormat::domains);
  EXPECT_EQ(got.entries, (Entries{"xau.example", "sao.example/domain", "xn--vit-5kz.example"}));
  EXPECT_EQ(refused(got, ListRefusal::url_path), 1U);
  EXPECT_EQ(refused(got, ListRefusal::bad_syntax), 1U);
  EXPECT_EQ(refused(got, ListRefusal::bad_idna), 1U);
  EXPECT_EQ(refused(got, ListRefusal::not_a_host), 1U);
  EXPECT_EQ(got.counts.entries, 3U);
  EXPECT_EQ(read("a.test\n", {.plain_scope = cases::Scope::domain}).entries,
            Entries{"a.test/domain"});
}

TEST(ReadList, AdblockTakesTheFormsOfNamesOnly) {
  const auto got = read(
      "[Adblock Plus 2.0]\n! title\n||xau.example^\n@@||tot.example^\n||a.example^$third-party\n"
      "a.example##.banner\n||a.example/path^\n|https://a.example^\n/regex/\n||*.a.example^\nads\n"
      "||^\n||Hai.example^\n|^\n|ba.example^\n|bon.example\n",
      ListFormat::adblock);
  EXPECT_EQ(got.entries, (Entries{"xau.example/domain", "hai.example/domain", "ba.example"}));
  EXPECT_EQ(refused(got, ListRefusal::exception_rule), 1U);
  EXPECT_EQ(refused(got, ListRefusal::rule_options), 1U);
  EXPECT_EQ(refused(got, ListRefusal::cosmetic_rule), 1U);
  EXPECT_EQ(refused(got, ListRefusal::pattern_rule), 8U);
}

TEST(ReadList, Rpz) {
  const auto got = read(
      "$TTL 300\n$ORIGIN rpz.mau.example.\n@ IN SOA ns.mau.example. a.mau.example. (\n  1 3600 "
      "600\n"
      "  86400 60 )\n  IN NS ns.mau.example.\nxau.example CNAME .\n*.xau.example 60 IN CNAME .\n"
      "nodata.example\tCNAME *.\ndrop.example CNAME rpz-drop.\ntot.example CNAME rpz-passthru.\n"
      "huong.example CNAME vuon.example.\ndia-chi.example A 192.0.2.1\n"
      "32.1.2.0.192.rpz-ip CNAME .\nns.x.rpz-nsdname CNAME .\n"
      "day-du.example.rpz.mau.example. CNAME . ; cuối\nngoai.example. CNAME .\n"
      "thieu.example CNAME\n$INCLUDE khac.zone\n* CNAME .\n",
      ListFormat::rpz);
  EXPECT_EQ(got.entries, (Entries{"xau.example", "xau.example/below", "nodata.example",
                                  "drop.example", "day-du.example"}));
  EXPECT_EQ(refused(got, ListRefusal::rpz_action), 3U);
  EXPECT_EQ(refused(got, ListRefusal::rpz_trigger), 2U);
  EXPECT_EQ(refused(got, ListRefusal::bad_syntax), 3U);
  EXPECT_EQ(refused(got, ListRefusal::not_a_host), 1U);
}

TEST(ReadList, Csv) {
  const ListOptions named{.format = ListFormat::csv, .csv_column = "Host"};
  const auto got = read(
      "id,\"host\",note\n1,xau.example,\"a, b\"\n2,https://trang.example/,x\n"
      "3,https://trang.example/login,x\n4,http://192.0.2.1/,x\n5\n6,\"mo,x\n7,,x\n",
      named);
  EXPECT_EQ(got.entries, (Entries{"xau.example", "trang.example"}));
  EXPECT_EQ(refused(got, ListRefusal::url_path), 1U);
  EXPECT_EQ(refused(got, ListRefusal::ip_address), 1U);
  EXPECT_EQ(refused(got, ListRefusal::bad_syntax), 2U);
  EXPECT_EQ(refused(got, ListRefusal::not_a_host), 1U);
  EXPECT_EQ(read("0;a.test\n", {.format = ListFormat::csv, .csv_column = "1", .csv_delimiter = ';'})
                .entries,
            Entries{"a.test"});
  const auto missing = read_list("id,name\n", named, [](const ListEntry&) {});
  EXPECT_EQ(missing.error().reason, "csv_column");
}

// However the octets arrive, the result is the same.
TEST(ListReader, PiecesChangeNothing) {
  const std::string text = "0.0.0.0 a.example\r\n0.0.0.0 b.example\n\n0.0.0.0 c.example";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::vector<std::string> hosts;
    ListReader reader{{.format = ListFormat::hosts},
                      [&](const ListEntry& entry) { hosts.emplace_back(entry.host); }};
    for (std::size_t at = 0; at < text.size(); at += size) {
      ASSERT_TRUE(reader.read(std::string_view{text}.substr(at, size)).has_value());
    }
    ASSERT_TRUE(reader.finish().has_value());
    EXPECT_EQ(hosts, (Entries{"a.example", "b.example", "c.example"})) << size;
  }
}

TEST(ListReader, StopsAtItsLimits) {
  const auto long_line = read("a.example\n" + std::string(list_line_max + 1, 'x') + "\nb.example\n",
                              ListFormat::domains);
  EXPECT_EQ(long_line.entries, (Entries{"a.example", "b.example"}));
  EXPECT_EQ(refused(long_line, ListRefusal::line_too_long), 1U);

  ListReader lines{{.format = ListFormat::domains}, [](const ListEntry&) {}};
  const std::string feeds(1'000'000, '\n');
  for (std::uint64_t i = 0; i < list_lines_max / feeds.size(); ++i) {
    ASSERT_TRUE(lines.read(feeds).has_value());
  }
  EXPECT_EQ(lines.read("\n").error().reason, "list_too_many_lines");
  EXPECT_FALSE(lines.finish().has_value());

  ListReader octets{{.format = ListFormat::domains}, [](const ListEntry&) {}};
  const std::string piece(std::size_t{1} << 24U, 'x');
  for (std::uint64_t i = 0; i < list_size_max / piece.size(); ++i) {
    ASSERT_TRUE(octets.read(piece).has_value());
  }
  EXPECT_EQ(octets.read("x").error().reason, "list_too_large");
}

TEST(ListReader, ManyNamesOnOneHostsLineAreCutOff) {
  std::string line = "0.0.0.0";
  for (std::size_t i = 0; i <= list_hosts_per_line_max; ++i) {
    line += " h" + std::to_string(i) + ".example";
  }
  const auto got = read(line, ListFormat::hosts);
  EXPECT_EQ(got.entries.size(), list_hosts_per_line_max);
  EXPECT_EQ(refused(got, ListRefusal::bad_syntax), 1U);
}

TEST(ListReader, RandomLinesNeverGiveABadHost) {
  constexpr std::uint64_t seed = 5;
  SeededRng rng{seed};
  const char* const parts[] = {"||",   "^",     "0.0.0.0", " ", "a", ".", "example", "*",
                               "\n",   "CNAME", "$",       "@", "(", ")", "\"",      ",",
                               "\xFF", "đ",     "IN",      "#", ";", "/", "\t"};
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += parts[rng.below(std::size(parts))];
    for (const auto format : {ListFormat::hosts, ListFormat::domains, ListFormat::adblock,
                              ListFormat::rpz, ListFormat::csv}) {
      for (const auto& entry : read(text, format).entries) {
        ASSERT_NE(entry.find('.'), std::string::npos) << "seed " << seed << " round " << round;
      }
    }
  }
}

TEST(ListFormat, WordsRoundTrip) {
  for (const char* word : {"hosts", "domains", "adblock", "rpz", "csv"}) {
    EXPECT_EQ(to_string(*parse_list_format(word)), word);
  }
  EXPECT_FALSE(parse_list_format("zip").has_value());
}

}  // namespace
}  // namespace khien::exchange
