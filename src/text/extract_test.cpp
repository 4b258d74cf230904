#include "text/extract.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/random.h"
#include "text/normalise.h"

namespace khien::text {
namespace {

const PublicSuffixList& suffixes() {
  static const auto list =
      *PublicSuffixList::load(KHIEN_SOURCE_DIR "/data/psl/public_suffix_list.dat");
  return list;
}

// "kind value" of each found subject.
std::vector<std::string> found_in(std::string_view text) {
  std::vector<std::string> out;
  const auto extraction = extract_subjects(text, suffixes());
  if (!extraction) return {"error " + extraction.error().reason};
  for (const auto& found : extraction->found) {
    out.push_back(std::string{to_string(found.kind)} + " " + found.value);
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(ExtractSubjects, FindsUrlsInVietnameseText) {
  EXPECT_EQ(found_in("Tài khoản của bạn bị khóa, vào https://vcb-digi.example/dang-nhap?id=1."),
            Lines{"url https://vcb-digi.example/dang-nhap?id=1"});
  EXPECT_EQ(found_in("Bam(http://xau.example/a(b)) ngay"), Lines{"url http://xau.example/a(b)"});
  EXPECT_EQ(found_in("link: “https://xau.example”"), Lines{"url https://xau.example/"});
  EXPECT_EQ(found_in("vàohttps://xau.example nhé"), Lines{"url https://xau.example/"});
  EXPECT_EQ(found_in("http://192.0.2.9/x"), Lines{"url http://192.0.2.9/x"});
  EXPECT_EQ(found_in("https://xau.example/a https://xau.example/a"),
            Lines{"url https://xau.example/a"});
}

TEST(ExtractSubjects, FindsDefangedAndSpacedForms) {
  EXPECT_EQ(found_in("hxxps://xau[.]example/a"), Lines{"url https://xau.example/a"});
  EXPECT_EQ(found_in("https : // vcb-digi . com . vn/dangnhap nhe"),
            Lines{"url https://vcb-digi.com.vn/dangnhap"});
  EXPECT_EQ(found_in("truy cập vcb-digi . com để nhận quà"), Lines{"host vcb-digi.com"});
  EXPECT_EQ(found_in("vcb(.)example"), Lines{"host vcb.example"});
  EXPECT_EQ(found_in("vcb\u200B-digi.example"), Lines{"host vcb-digi.example"});
}

TEST(ExtractSubjects, FindsBareHostsWithKnownSuffixOnly) {
  EXPECT_EQ(found_in("vào trang shopee-sale.vn, rồi VNEID-GOV.COM nhé"),
            (Lines{"host shopee-sale.vn", "host vneid-gov.com"}));
  EXPECT_EQ(found_in("mở bidv-the.com/login"), Lines{"url https://bidv-the.com/login"});
  EXPECT_EQ(found_in("mở bidv-the.com:8080"), Lines{"url https://bidv-the.com:8080/"});
  EXPECT_EQ(found_in("trang vіetcombank.com"), Lines{"host xn--vetcombank-x2i.com"});  // Cyrillic і
  for (const char* text :
       {"TP.HCM", "v.v", "ThS.Nguyễn", "tôi bị lừa.Anh giúp", "cảm ơn.Me em", "tải file.zip",
        "1.000.000", "com.vn", "10.5", "a . b", "node.js", "xin chào . Com trưa"}) {
    EXPECT_EQ(found_in(text), Lines{}) << text;
  }
}

TEST(ExtractSubjects, FindsAddresses) {
  EXPECT_EQ(found_in("máy 192.0.2.1 và 2001:DB8::1, lúc 12:30:45"),
            (Lines{"ip 192.0.2.1", "ip 2001:db8::1"}));
  EXPECT_EQ(found_in("192[.]0[.]2[.]1"), Lines{"ip 192.0.2.1"});
  EXPECT_EQ(found_in("192.0.2.1:8080/x"), Lines{"url https://192.0.2.1:8080/x"});
  EXPECT_EQ(found_in("bản 1.2.3.4.5 và 300.1.1.1"), Lines{});
}

TEST(ExtractSubjects, FindsPhones) {
  EXPECT_EQ(found_in("gọi 0912 345 678 hoặc +84 987.654.321"),
            (Lines{"phone +84912345678", "phone +84987654321"}));
  EXPECT_EQ(found_in("0912345678 0987654321"), (Lines{"phone +84912345678", "phone +84987654321"}));
  EXPECT_EQ(found_in("tổng đài 19001234"), Lines{"phone +8419001234"});
  EXPECT_EQ(found_in("số tiền 0912345678 đồng, ngày 20/11/2026, mã 123456"), Lines{});
  EXPECT_EQ(found_in("mã đơn AB0912345678"), Lines{});
}

TEST(ExtractSubjects, FindsAccountsOnlyWithALabel) {
  EXPECT_EQ(found_in("STK: 0071 0009 87654 Vietcombank"), Lines{"bank_account 0071000987654"});
  EXPECT_EQ(found_in("số tài khoản ngân hàng BIDV 12345678901"), Lines{"bank_account 12345678901"});
  EXPECT_EQ(found_in("so\u0302\u0301 ta\u0300i khoa\u0309n 12345678901"),
            Lines{"bank_account 12345678901"});
  EXPECT_EQ(found_in("stk 0912345678 MB"), Lines{"bank_account 0912345678"});
  EXPECT_EQ(found_in("tài khoản bị khóa gọi 0912345678"), Lines{"phone +84912345678"});
  EXPECT_EQ(found_in("tài khoản của bạn bị trừ 5000000 đồng"), Lines{});
  EXPECT_EQ(found_in("tài khoản 5000000đ"), Lines{});
  EXPECT_EQ(found_in("12345678901"), Lines{});
  EXPECT_EQ(found_in("STK 12345"), Lines{});
  EXPECT_EQ(found_in("STK 12345678901234567890"), Lines{});
}

TEST(ExtractSubjects, FindsEmails) {
  EXPECT_EQ(found_in("Gửi về Ho.Tro+1@Ngan-Hang.example!"),
            Lines{"email ho.tro+1@ngan-hang.example"});
  EXPECT_EQ(found_in("hotro[at]xau[.]example"), Lines{"email hotro@xau.example"});
  EXPECT_EQ(found_in("@nguyen @ abc"), Lines{});
}

TEST(ExtractSubjects, NfcAndNfdGiveTheSame) {
  const std::string text = "Số tài khoản: 12345678901, vào việtnam.example, gọi 0912345678 nhé";
  EXPECT_EQ(found_in(*to_nfd(text)), found_in(text));
  EXPECT_EQ(found_in(text).size(), 3U);
}

TEST(ExtractSubjects, StopsAtItsLimits) {
  EXPECT_EQ(found_in(std::string(extract_size_max + 1, 'a')), Lines{"error text_too_long"});
  EXPECT_EQ(found_in("\xFF"), Lines{"error bad_utf8"});
  std::string many;
  for (std::size_t i = 0; i <= extract_found_max; ++i) {
    many += "h" + std::to_string(i) + ".example\n";
  }
  const auto extraction = extract_subjects(many, suffixes());
  ASSERT_TRUE(extraction.has_value());
  EXPECT_EQ(extraction->found.size(), extract_found_max);
  EXPECT_TRUE(extraction->cut);
}

// Text made to repeat work: each must stay far from quadratic.
TEST(ExtractSubjects, HostileTextIsCheap) {
  for (const char* part :
       {"http://", "a . ", "a.", "[.", "0 ", "stk ", "((((", "@a.b", "1:", "\u0301"}) {
    std::string text;
    while (text.size() + 8 < extract_size_max) text += part;
    const auto start = std::chrono::steady_clock::now();
    EXPECT_TRUE(extract_subjects(text, suffixes()).has_value()) << part;
    const auto spent = std::chrono::steady_clock::now() - start;
    EXPECT_LT(std::chrono::duration_cast<std::chrono::seconds>(spent).count(), 5) << part;
  }
}

TEST(ExtractSubjects, RandomMixesHoldTheInvariants) {
  constexpr std::uint64_t seed = 7;
  SeededRng rng{seed};
  const char* const parts[] = {"http", "://",  "a",    ".",        "com", " ",      "\n",
                               "đ",    "@",    "09",   "12345678", "stk", ":",      "/",
                               "[.]",  "hxxp", "xn--", "(",        ")",   "\u200B", "+84"};
  for (int round = 0; round < 3'000; ++round) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += parts[rng.below(std::size(parts))];
    const auto extraction = extract_subjects(text, suffixes());
    ASSERT_TRUE(extraction.has_value()) << "seed " << seed << " round " << round;
    for (const auto& found : extraction->found) {
      ASSERT_FALSE(found.value.empty());
      ASSERT_FALSE(found.written.empty());
    }
  }
}

}  // namespace
}  // namespace khien::text
