#include "notice/second_signer.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "codec/json.h"

namespace khien::notice {
namespace {

/// The shipped texts: what people get, not stand-ins.
std::string text_of(std::string_view language, std::string_view key) {
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

SecondSignatureRequest request(std::string language) {
  return {.language = std::move(language),
          .number = "NB-26-L000007-3",
          .name = "ngan-hang-uu-dai.example",
          .category = Category::phishing,
          .emergency = false,
          .due = "14:05 31/01/2026",
          .ends = "01/03/2026",
          .link = "https://khien.tinh.example/app/orders/01KHN"};
}

TEST(SecondSignatureMail, SaysWhatWhenAndWhereInTheReadersLanguage) {
  const auto vi = second_signature_mail(text_of, request("vi"));
  EXPECT_EQ(vi.subject, "Khiên: lệnh NB-26-L000007-3 chờ chữ ký của bạn");
  for (const char* part :
       {"ngan-hang-uu-dai[.]example", "14:05 31/01/2026", "01/03/2026",
        "Giả mạo để lừa lấy thông tin", "https://khien.tinh.example/app/orders/01KHN\n"}) {
    EXPECT_NE(vi.text.find(part), std::string::npos) << part << " in " << vi.text;
  }
  const auto en = second_signature_mail(text_of, request("en"));
  EXPECT_EQ(en.subject, "Khiên: order NB-26-L000007-3 waits for your signature");
  for (const auto& mail : {vi, en}) {
    EXPECT_EQ(mail.text.find("{{"), std::string::npos) << mail.text;
    EXPECT_EQ(mail.text.find("uu-dai.example"), std::string::npos) << "a link by accident";
  }
}

TEST(SecondSignatureMail, AnEmergencySaysThatItLapses) {
  auto emergency = request("vi");
  emergency.emergency = true;
  const auto mail = second_signature_mail(text_of, emergency);
  EXPECT_NE(mail.subject.find("KHẨN"), std::string::npos);
  EXPECT_NE(mail.text.find("14:05 31/01/2026"), std::string::npos);
  EXPECT_NE(mail.text, second_signature_mail(text_of, request("vi")).text);
}

TEST(SecondSignatureMail, AThirdSaysThatTwoAreThere) {
  for (const auto* language : {"vi", "en"}) {
    auto third = request(language);
    third.signatures = 2;
    const auto mail = second_signature_mail(text_of, third);
    EXPECT_NE(mail.text, second_signature_mail(text_of, request(language)).text);
    EXPECT_EQ(mail.text.find("{{"), std::string::npos) << mail.text;
    EXPECT_NE(mail.text.find("NB-26-L000007-3"), std::string::npos) << mail.text;
  }
}

TEST(SecondSignatureMail, AChildAbuseNameIsNotWritten) {
  auto grave = request("vi");
  grave.category = Category::child_abuse;
  const auto mail = second_signature_mail(text_of, grave);
  EXPECT_EQ(mail.text.find("uu-dai"), std::string::npos) << mail.text;
}

TEST(SecondSignatureMail, WhatIsFilledInIsNotReadAgain) {
  auto strange = request("en");
  strange.number = "{{due}}";
  EXPECT_NE(second_signature_mail(text_of, strange).subject.find("{{due}}"), std::string::npos);
}

}  // namespace
}  // namespace khien::notice
