#include "pages/site.h"

#include <gtest/gtest.h>

#include <set>

#include "pages/embedded.h"

namespace khien::pages {
namespace {

constexpr std::size_t page_size_max = 60 * 1024;  // with style, script and logo (DESIGN section 8)
constexpr Reader reader{.lang = "vi", .path = "/", .body = "Tỉnh Thử Nghiệm"};

std::unique_ptr<Site> open_site() {
  auto site = Site::open([](std::string_view, std::string_view key) { return std::string{key}; });
  EXPECT_TRUE(site.has_value()) << site.error().message;
  return std::move(*site);
}

ReportForm full_form() {
  ReportForm form;
  for (const char* id : {"phishing", "fraud", "malware", "other"}) {
    form.kinds.push_back({.id = id, .name = id});
  }
  form.what = std::string(text_size_max, 'x');
  form.story = std::string(text_size_max, 'y');
  return form;
}

TEST(Site, EveryPageWithItsAssetsStaysBelowSixtyKilobytes) {
  const auto site = open_site();
  const std::size_t assets = embedded_assets("site.css").size() +
                             embedded_assets("report.js").size() +
                             embedded_assets("shield.svg").size();
  ASSERT_GT(assets, 0U);
  EXPECT_LT(site->report_form(reader, full_form()).size() + assets, page_size_max);
  RegisterPage page;
  for (int i = 0; i < 50; ++i) {
    page.rows.push_back({.number = "K-26-000001-A",
                         .name = std::string(253, 'a'),
                         .category = "phishing",
                         .state = "blocked",
                         .since = "01/01/2026",
                         .until = "31/01/2026"});
  }
  EXPECT_LT(site->register_page(reader, page).size() + assets, page_size_max);
  ListsPage lists{.key = std::string(56, 'R')};
  // As many as there are: of names, then of addresses and web pages, which have fewer formats.
  const std::vector<std::string> of_names{"domains", "hosts", "adblock", "csv", "json"};
  const std::vector<std::string> of_others{"prefixes", "csv", "json"};
  for (int i = 0; i < 42; ++i) {
    lists.rows.push_back({.id = "orders-unlawful-gambling",
                          .label = std::string(100, 'a'),
                          .names = "1000000",
                          .serial = "4294967295",
                          .formats = i < 21 ? of_names : of_others});
  }
  EXPECT_LT(site->lists(reader, lists).size() + assets, page_size_max);
}

TEST(Site, ListsThatAreGivenOutElsewhereAreSaidToBe) {
  const auto site = open_site();
  const auto here =
      site->lists(reader, {.key = "RWkey", .rows = {{.id = "orders", .formats = {"csv"}}}});
  EXPECT_NE(here.find("href=\"/lists/orders.csv.minisig\""), std::string::npos) << here;
  EXPECT_NE(here.find("RWkey"), std::string::npos);
  EXPECT_EQ(here.find("role=\"alert\""), std::string::npos);
  EXPECT_NE(site->lists(reader, {}).find("role=\"alert\""), std::string::npos);
}

TEST(Site, NoPageHoldsInlineScriptOrStyle) {
  const auto site = open_site();
  for (const auto& html :
       {site->report_form(reader, full_form()), site->help(reader),
        site->block(reader,
                    {.name = "a.example", .listings = {{.asked = "a.example", .list = "f"}}})}) {
    EXPECT_EQ(html.find("<style"), std::string::npos);
    EXPECT_EQ(html.find(" style="), std::string::npos);
    EXPECT_EQ(html.find(" onclick="), std::string::npos);
    EXPECT_EQ(html.find("<script>"), std::string::npos);
    EXPECT_EQ(html.find("{{"), std::string::npos);
  }
}

TEST(Site, WhatAPersonWroteComesBackAsText) {
  const auto site = open_site();
  auto form = full_form();
  form.what = "</textarea><script>x</script>";
  const auto html = site->report_form(reader, form);
  EXPECT_EQ(html.find("<script>x"), std::string::npos);
  EXPECT_NE(html.find("&lt;/textarea&gt;"), std::string::npos);
}

TEST(Site, TheBlockPageSaysWhoWhyUntilWhenAndHowToObject) {
  const auto site = open_site();
  OrderPage order;
  order.number = "K-26-000001-A";
  order.who = "Sở Thử Nghiệm";
  order.category = "Lừa đảo";
  order.until = "31/01/2026";
  const auto html = site->block(reader, {.name = "a.example", .orders = {order}});
  for (const char* wanted :
       {"Sở Thử Nghiệm", "Lừa đảo", "31/01/2026", "/object?order=K-26-000001-A"}) {
    EXPECT_NE(html.find(wanted), std::string::npos) << wanted;
  }
}

TEST(Site, MarksTheCurrentPageOnceAndOffersTheOtherLanguage) {
  const auto site = open_site();
  const auto html = site->status_form(reader, "");
  EXPECT_NE(html.find(R"(href="/status" aria-current="page")"), std::string::npos);
  EXPECT_EQ(html.find("aria-current"), html.rfind("aria-current"));
  EXPECT_NE(html.find(R"(lang="en")"), std::string::npos);
}

}  // namespace
}  // namespace khien::pages
