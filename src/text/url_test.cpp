#include "text/url.h"

#include <gtest/gtest.h>

namespace khien::text {
namespace {

std::string canonical(std::string_view text) {
  const auto url = read_url(text);
  return url ? to_string(*url) : "error " + url.error().reason;
}

TEST(ReadUrl, ReadsParts) {
  const auto url = read_url("HTTP://User:pw@Shop.Ngan-Hang.Example:8080/A/b?x=1#top");
  ASSERT_TRUE(url.has_value());
  EXPECT_EQ(url->scheme, "http");
  EXPECT_EQ(url->host, "shop.ngan-hang.example");
  EXPECT_EQ(url->port, 8080);
  EXPECT_EQ(url->path, "/A/b");
  EXPECT_EQ(url->query, "x=1");
  EXPECT_EQ(to_string(*url), "http://shop.ngan-hang.example:8080/A/b?x=1");
}

TEST(ReadUrl, CanonicalForm) {
  EXPECT_EQ(canonical("http://a.example:80"), "http://a.example/");
  EXPECT_EQ(canonical("https://a.example:443/"), "https://a.example/");
  EXPECT_EQ(canonical("a.example"), "https://a.example/");
  EXPECT_EQ(canonical("a.example:8443/x"), "https://a.example:8443/x");
  EXPECT_EQ(canonical("//a.example/x"), "https://a.example/x");
  EXPECT_EQ(canonical("https://vietcombank.com.vn@xau.example/"), "https://xau.example/");
  EXPECT_EQ(canonical("https://a.example/đăng nhập"), "error bad_url");
  EXPECT_EQ(canonical("https://a.example/đ"), "https://a.example/%C4%91");
  EXPECT_EQ(canonical("https://việtnam.example"), "https://xn--vitnam-jk8b.example/");
  EXPECT_EQ(canonical("http:\\\\a.example"), "http://a.example/");  // as browsers do
}

TEST(ReadUrl, Addresses) {
  EXPECT_EQ(canonical("http://192.0.2.1/x"), "http://192.0.2.1/x");
  EXPECT_EQ(canonical("http://3221225985/"), "http://192.0.2.1/");
  EXPECT_EQ(canonical("http://0xc0.0.2.1/"), "http://192.0.2.1/");
  EXPECT_EQ(canonical("http://[2001:DB8::1]:8080/"), "http://[2001:db8::1]:8080/");
  EXPECT_EQ(canonical("http://[nope]/"), "error bad_url");
}

TEST(ReadUrl, DefangedForms) {
  for (const char* text :
       {"hxxps://xau[.]example/a", "hXXps://xau(.)example/a", "https[:]//xau{.}example/a",
        "https[://]xau[dot]example/a", "https://xau (chấm) example/a",
        "https : // xau . example / a", "https://xau((.))example/a", "https://xau[.example/a",
        "https:// xau .example/a"}) {
    EXPECT_EQ(canonical(text), "https://xau.example/a") << text;
  }
}

TEST(ReadUrl, Refuses) {
  EXPECT_EQ(canonical(""), "error bad_url");
  EXPECT_EQ(canonical("https://"), "error bad_url");
  EXPECT_EQ(canonical("https://a.example:99999/"), "error url_port");
  EXPECT_EQ(canonical("https://a.example:0/"), "error url_port");
  EXPECT_EQ(canonical("https://a.example:8x/"), "error url_port");
  EXPECT_EQ(canonical("ftp://a.example/"), "error url_scheme");
  EXPECT_EQ(canonical("javascript:alert(1)"), "error url_scheme");
  EXPECT_EQ(canonical("https://a..example/"), "error host_empty_label");
  EXPECT_EQ(canonical("https://a.example/" + std::string(url_size_max, 'x')), "error url_too_long");
}

TEST(ReadUrl, IsStable) {
  for (const char* text :
       {"hxxp://A.example:81/x?y=\"z\"", "việtnam.example/ă", "http://[2001:db8::1]/",
        "http://[2001:db8::1]/[.x", "http://a.example//[\x01]/m[.x"}) {
    const auto once = canonical(text);
    EXPECT_EQ(canonical(once), once);
  }
}

}  // namespace
}  // namespace khien::text
