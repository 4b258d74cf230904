#include "cases/name_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace khien::cases {
namespace {

const std::string header =
    "# khien never-block list, format 1\n# name: mau\n# title-vi: Mẫu\n# title-en: sample\n"
    "# owner: Khiên project\n# source: test\n# licence: CC0-1.0\n# date: 2026-11-23\n"
    "# severity: refuse\n# below: note\n";

TEST(ParseNameList, ReadsHeaderAndNames) {
  const auto list = parse_name_list(header + "a.example\n\n# remark\nb.example\r\n");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_EQ(list->facts.severity, Severity::refuse);
  EXPECT_EQ(list->facts.below, Severity::caution);
  ASSERT_EQ(list->names.size(), 2U);
  EXPECT_EQ(list->names[1].name, "b.example");
}

TEST(ParseNameList, MaySayWhatOnePageIs) {
  EXPECT_EQ(parse_name_list(header + "a.example\n")->facts.pages, std::nullopt);
  const auto list = parse_name_list(header + "# pages: refuse\na.example\n");
  ASSERT_TRUE(list.has_value()) << list.error().message;
  EXPECT_EQ(list->facts.pages, Severity::refuse);
  const auto again = parse_name_list(write_name_list(*list));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->facts.pages, Severity::refuse);
  EXPECT_FALSE(parse_name_list(header + "# pages: sometimes\na.example\n").has_value());
  EXPECT_FALSE(parse_name_list("# khien never-block prefixes, format 1\n# name: mau\n"
                               "# title-vi: Mẫu\n# title-en: sample\n# owner: x\n# source: x\n"
                               "# licence: CC0-1.0\n# date: 2026-11-23\n# severity: refuse\n"
                               "# pages: refuse\n192.0.2.0/24\n")
                   .has_value());
}

TEST(ParseNameList, RefusesTheWholeFile) {
  const auto without = [](const std::string& line) {
    auto text = header;
    text.erase(text.find(line), line.size());
    return text;
  };
  for (const auto& text :
       {std::string{}, std::string{"a.example\n"}, without("# licence: CC0-1.0\n"),
        without("# below: note\n"), header + "# severity: refuse\n", header + "A.example\n",
        header + "a..example\n", header + "example\n", header + "192.0.2.1\n",
        header + "a.example b\n", header + "# surprise: 1\n"}) {
    EXPECT_FALSE(parse_name_list(text).has_value()) << text;
  }
  EXPECT_EQ(parse_name_list(header + "# " + std::string(name_list_line_max, 'x')).error().code,
            ErrorCode::limit_exceeded);
  EXPECT_EQ(parse_name_list(std::string(name_list_size_max + 1, '\n')).error().code,
            ErrorCode::limit_exceeded);
}

TEST(ParseNameList, StopsAtItsMaximumOfNames) {
  std::string text = header;
  for (std::size_t i = 0; i <= name_list_names_max; ++i) text += "a" + std::to_string(i) + ".vn\n";
  EXPECT_EQ(parse_name_list(text).error().code, ErrorCode::limit_exceeded);
}

TEST(ImportPopularity, ReadsWhatRankingsLookLike) {
  const NameListFacts facts{.kind = ListKind::popularity,
                            .name = "tranco",
                            .title_vi = "Tranco",
                            .title_en = "Tranco",
                            .owner = "Sở mẫu",
                            .source = "tranco-list.eu",
                            .licence = "see source",
                            .date = "2026-11-01"};
  const auto ranked = import_popularity("1,One.example\n2,two.example\n", facts);
  ASSERT_TRUE(ranked.has_value());
  EXPECT_EQ(ranked->list.names[1].name, "two.example");
  EXPECT_EQ(ranked->list.names[1].rank, 2U);

  const auto majestic = import_popularity(
      "GlobalRank,TldRank,Domain,TLD\n1,1,one.example,example\n7,2,two.example,example\n", facts);
  ASSERT_TRUE(majestic.has_value());
  EXPECT_EQ(majestic->left_out, 1U);
  EXPECT_EQ(majestic->list.names[1].rank, 7U);

  const auto plain =
      import_popularity("one.example\ntwo.example\none.example\nnot a name\n", facts);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->list.names[1].rank, 2U);
  EXPECT_EQ(plain->left_out, 2U);

  EXPECT_FALSE(import_popularity("", facts).has_value());
  const auto again = parse_name_list(write_name_list(majestic->list));
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->names[1].rank, 7U);
}

// Every shipped file is well-formed, names its owner and licence, and stands in docs/DATA.md.
TEST(NameListFiles, AreWholeAndDocumented) {
  const std::filesystem::path root{KHIEN_SOURCE_DIR};
  std::ifstream document{root / "docs/DATA.md"};
  std::stringstream words;
  words << document.rdbuf();
  const std::string table = words.str();
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{root / "data"}) {
    if (!entry.is_regular_file()) continue;
    ++files;
    const auto path = std::filesystem::relative(entry.path(), root / "data").string();
    const auto row = table.find("| " + path + " |");
    ASSERT_NE(row, std::string::npos) << path << " is not in docs/DATA.md";
    const auto line = table.substr(row, table.find('\n', row) - row);
    if (entry.path().extension() != ".txt") continue;
    const auto list = load_name_list(entry.path());
    ASSERT_TRUE(list.has_value()) << path << ": " << list.error().message;
    EXPECT_FALSE(list->facts.owner.empty()) << path;
    EXPECT_NE(line.find(list->facts.licence), std::string::npos) << line;
    EXPECT_NE(line.find(list->facts.date), std::string::npos) << line;
    EXPECT_NE(line.find("| " + std::to_string(list->names.size()) + " |"), std::string::npos)
        << line << " has " << list->names.size() << " names";
  }
  EXPECT_GE(files, 28U);
}

}  // namespace
}  // namespace khien::cases
