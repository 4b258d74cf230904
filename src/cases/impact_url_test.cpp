#include "cases/impact_url.h"

#include <gtest/gtest.h>

#include "cases/impact_json.h"
#include "cases/testing_impact.h"

namespace khien::cases {
namespace {

Impact assess_page(std::string name, UrlFacts facts = {}) {
  return assess_impact(shipped_impact_data(),
                       {.name = std::move(name), .scope = Scope::url, .url = std::move(facts)});
}

TEST(AssessUrl, JudgesEachKindOfPage) {
  using enum FindingKind;
  struct Row {
    const char* name;
    Severity verdict;
    FindingKind because;
  };
  const Row table[] = {
      {"https://sites.example/scam/login?token=1", Severity::info, page_and_below},
      {"http://sites.example:8080/scam", Severity::info, pages_unknown},
      {"http://203.0.113.9/scam", Severity::info, proxies_only},
      // A site that everybody knows is no reason to refuse one page of it.
      {"https://www.facebook.com/hoang.gia.lua.dao", Severity::serious, never_block_above},
      {"https://facebook.com/hoang.gia.lua.dao", Severity::serious, never_block},
      {"https://thanhpho.gov.vn/tin/banking-xac-minh", Severity::serious, never_block_above},
      {"https://afp.com/tin/bai-viet", Severity::refuse, never_block},
      {"https://www.baomoi.com/tin/bai-viet", Severity::refuse, never_block_above},
      // But not a page of everybody's.
      {"https://www.google.com/search?q=ngan+hang", Severity::refuse, everybodys_path},
      {"https://youtube.com/watch?v=1", Severity::refuse, everybodys_path},
      {"https://facebook.com/profile.php?id=1", Severity::refuse, everybodys_path},
      {"https://facebook.com/groups/", Severity::refuse, everybodys_path},
      {"https://docs.google.com/forms/d/e", Severity::refuse, everybodys_path},
      {"https://docs.google.com/forms/d/e/1FAIpQLSd-lua-dao/viewform", Severity::serious,
       never_block_above},
      {"https://facebook.com/x9", Severity::serious, short_path},
      {"https://sites.example/index.php?page=scam", Severity::caution, everybodys_path},
      {"https://sites.example/x9", Severity::info, page_and_below},
      {"https://sites.example/", Severity::refuse, whole_site},
      {"sites.example", Severity::refuse, whole_site},
      {"https://sites.example/?q=1", Severity::refuse, whole_site},
      {"not an address", Severity::refuse, not_a_url},
      {"", Severity::refuse, not_a_url},
      {"https://localhost/scam", Severity::refuse, single_label},
      {"https://scam.internal/scam", Severity::refuse, reserved_name},
      {"https://khien.tinh.gov.vn/object", Severity::refuse, own_service},
      {"https://chan.khien-mau.vn/l/a", Severity::refuse, own_service},
      {"http://192.168.1.1/admin", Severity::refuse, special_address},
      {"http://[::1]/admin", Severity::refuse, special_address},
  };
  for (const auto& row : table) {
    const auto impact = assess_page(row.name);
    EXPECT_EQ(impact.verdict, row.verdict) << row.name << " " << to_string(impact.verdict);
    EXPECT_NE(impact.find(row.because), nullptr) << row.name << " " << to_string(row.because);
  }
  EXPECT_EQ(assess_page("sites.example/" + std::string(2'000, 'a')).findings.front().kind,
            page_too_long);
}

TEST(AssessUrl, NeverHitsThoseWhoEnforce) {
  const auto at = [](std::string name) {
    return assess_impact(shipped_impact_data(),
                         {.name = std::move(name),
                          .scope = Scope::url,
                          .address = {.own = {{.prefix = "203.0.113.53", .what = "khiend"},
                                              {.prefix = "2001:db8:53::/48", .what = "isp"}}}});
  };
  EXPECT_NE(at("http://203.0.113.53/object").find(FindingKind::own_address), nullptr);
  EXPECT_EQ(at("http://[2001:db8:53::1]:8080/l/a").verdict, Severity::refuse);
  EXPECT_EQ(at("http://203.0.113.54/object").find(FindingKind::own_address), nullptr);
}

TEST(AssessUrl, TellsWhatStandsAroundIt) {
  const auto impact =
      assess_page("https://sites.example/scam",
                  {.orders_above = {"NB-26-L000001-1 (sites.example)"},
                   .orders_below = std::vector<std::string>(5, "NB-26-L000002-2 (x)"),
                   .lists = {"Danh sách mẫu"}});
  ASSERT_NE(impact.find(FindingKind::ordered_above), nullptr);
  EXPECT_EQ(impact.find(FindingKind::ordered_below)->count, 5);
  EXPECT_EQ(impact.find(FindingKind::ordered_below)->names.size(), impact_examples_max);
  const auto words = words_of(impact, *impact.find(FindingKind::ordered_above));
  EXPECT_NE(words.en.find("NB-26-L000001-1 (sites.example)"), std::string::npos) << words.en;
  ASSERT_NE(impact.find(FindingKind::host_listed), nullptr);
  EXPECT_NE(words_of(impact, *impact.find(FindingKind::host_listed)).vi.find("Danh sách mẫu"),
            std::string::npos);
  EXPECT_EQ(assess_page("https://sites.example/scam").find(FindingKind::ordered_above), nullptr);
}

TEST(AssessUrl, NeverIsANetworksChoice) {
  const auto impact = assess_impact(shipped_impact_data(), {.name = "https://sites.example/scam",
                                                            .scope = Scope::url,
                                                            .category = Category::choice_ads});
  EXPECT_EQ(impact.findings.front().kind, FindingKind::no_order_category);
}

TEST(AssessUrl, EveryFindingSpeaksBothLanguagesAndIsStored) {
  const auto impact = assess_page("https://việt.example/Lua-dao/?x=1");
  using enum FindingKind;
  for (const auto kind :
       {not_a_url,        whole_site,       page_too_long, page_and_below,    everybodys_path,
        short_path,       ordered_above,    ordered_below, host_listed,       pages_unknown,
        proxies_only,     narrower_measure, never_block,   never_block_above, popular,
        single_label,     reserved_name,    own_service,   special_address,   own_address,
        no_order_category}) {
    for (const auto severity : {Severity::info, Severity::refuse}) {
      const auto words = words_of(impact, {kind, severity});
      EXPECT_GT(words.vi.size(), 20U) << to_string(kind);
      EXPECT_GT(words.en.size(), 20U) << to_string(kind);
    }
  }
  const auto json = impact_to_json(impact, 1'795'478'400'000);
  ASSERT_TRUE(json.has_value());
  EXPECT_EQ(json->text_at("scope").value(), "url");
  EXPECT_EQ(json->text_at("name").value(), "xn--vit-5kz.example/Lua-dao");
  EXPECT_EQ(json->text_at("display").value(), "việt.example/Lua-dao");
  EXPECT_EQ(covers(impact), (std::vector<std::string>{"xn--vit-5kz.example/Lua-dao",
                                                      "xn--vit-5kz.example/Lua-dao/*"}));
}

}  // namespace
}  // namespace khien::cases
