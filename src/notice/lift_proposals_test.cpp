#include "notice/lift_proposals.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "codec/json.h"

namespace khien::notice {
namespace {

/// The shipped texts: what people get, not stand-ins.
std::string shipped_text(std::string_view language, std::string_view key) {
  for (const std::string part : {"mail", "app"}) {
    const auto path =
        std::string{KHIEN_SOURCE_DIR} + "/i18n/" + part + "." + std::string{language} + ".json";
    const auto json = codec::Json::parse(read_file(path, 1 << 20).value(), {.size_max = 1 << 20});
    const auto text = json->optional_text_at(key);
    if (text && *text) return **text;
  }
  ADD_FAILURE() << "no text " << key;
  return "";
}

ProposedLift lift(int number, std::string finding = "dead") {
  return {.number = "NB-26-L00000" + std::to_string(number) + "-3",
          .name = "ngan-hang-" + std::to_string(number) + ".example",
          .category = Category::phishing,
          .finding = std::move(finding),
          .lapses = "14:05 31/01/2026",
          .link = "https://khien.tinh.example/app/orders/01KHN" + std::to_string(number)};
}
ProposedLifts lifts(std::string language, std::vector<ProposedLift> items) {
  const auto total = static_cast<std::int64_t>(items.size());
  return {.language = std::move(language),
          .total = total,
          .items = std::move(items),
          .link = "https://khien.tinh.example/app/orders/proposals"};
}

TEST(LiftProposalsMail, ListsEachWithItsDateAndLinkInTheReadersLanguage) {
  const auto vi =
      lift_proposals_mail(shipped_text, lifts("vi", {lift(1), lift(2, "content_gone")}));
  EXPECT_EQ(vi.subject, "Khiên: 2 lệnh chờ quyết định gỡ hay giữ");
  for (const char* part :
       {"NB-26-L000001-3  ngan-hang-1[.]example\n", "Không còn tồn tại", "Trang không còn",
        "14:05 31/01/2026", "https://khien.tinh.example/app/orders/01KHN2\n",
        "https://khien.tinh.example/app/orders/proposals\n"}) {
    EXPECT_NE(vi.text.find(part), std::string::npos) << part << " in " << vi.text;
  }
  const auto en = lift_proposals_mail(shipped_text, lifts("en", {lift(1)}));
  EXPECT_NE(en.subject.find("1 orders wait to be lifted or kept"), std::string::npos);
  for (const auto& mail : {vi, en}) {
    EXPECT_EQ(mail.text.find("{{"), std::string::npos) << mail.text;
    EXPECT_EQ(mail.text.find("hang-1.example"), std::string::npos) << "a link by accident";
  }
}

TEST(LiftProposalsMail, KnowsEveryFinding) {
  for (const auto* language : {"vi", "en"}) {
    for (const auto* finding : {"dead", "parked", "sinkholed", "reregistered", "content_gone"}) {
      EXPECT_FALSE(
          lift_proposals_mail(shipped_text, lifts(language, {lift(1, finding)})).text.empty());
    }
  }
}

TEST(LiftProposalsMail, AChildAbuseNameIsNotWritten) {
  auto grave = lift(1);
  grave.category = Category::child_abuse;
  const auto mail = lift_proposals_mail(shipped_text, lifts("en", {grave}));
  EXPECT_EQ(mail.text.find("ngan-hang"), std::string::npos) << mail.text;
}

TEST(LiftProposalsMail, CountsWhatItDoesNotList) {
  std::vector<ProposedLift> many;
  for (std::size_t i = 0; i < proposed_lifts_told_max + 5; ++i) {
    auto one = lift(1);
    one.name = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') +
               "." + std::string(57, 'd') + ".vn";  // as long as a name may be
    many.push_back(std::move(one));
  }
  auto all = lifts("vi", std::move(many));
  all.total = 250;
  const auto mail = lift_proposals_mail(shipped_text, all);
  EXPECT_NE(mail.text.find("210 lệnh nữa"), std::string::npos) << mail.text;
  EXPECT_NE(mail.subject.find("250"), std::string::npos);
  EXPECT_LT(mail.text.size(), mail_text_size_max);
}

}  // namespace
}  // namespace khien::notice
