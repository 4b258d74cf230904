#include "http/static_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/bytes.h"
#include "http/security.h"

namespace khien::http {
namespace {

class StaticFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "khien-static-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    top_ = name;
    std::filesystem::create_directories(top_ / "web/assets");
    put("secret.txt", "secret");
    put("web/index.html", "<!doctype html>");
    put("web/assets/app-1f2e.js", "let a = 1;");
    put("web/assets/app-1f2e.js.br", "BR");
    put("web/.hidden", "hidden");
    std::filesystem::create_symlink(top_ / "secret.txt", top_ / "web/link.txt");
    std::filesystem::create_directory_symlink(top_, top_ / "web/up");
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  void put(const std::string& name, std::string_view text) {
    ASSERT_TRUE(
        write_file_atomically(top_ / name, as_bytes(text), FileAccess::everybody).has_value());
  }
  StaticFiles files() const {
    return StaticFiles{{.root = top_ / "web", .immutable_prefixes = {"assets/"}}};
  }
  std::filesystem::path top_;
};

std::string content(const Response& response) {
  std::string text(response.file ? response.file->size : 0, '\0');
  if (response.file) {
    EXPECT_EQ(::pread(response.file->file.get(), text.data(), text.size(),
                      static_cast<off_t>(response.file->offset)),
              static_cast<ssize_t>(text.size()));
  }
  return text;
}

TEST_F(StaticFilesTest, GivesAPartOfTheVersionThatTheClientHas) {
  Request part;
  part.headers.set("Range", "bytes=2-8");
  const auto some = files().serve(part, "index.html");
  EXPECT_EQ(some.status, 206);
  EXPECT_EQ(content(some), "doctype");
  EXPECT_EQ(some.headers.find("Content-Range"), "bytes 2-8/15");
  part.headers.set("If-Range", *some.headers.find("ETag"));
  EXPECT_EQ(files().serve(part, "index.html").status, 206);
  put("web/index.html", "<!doctype html>changed");
  EXPECT_EQ(files().serve(part, "index.html").status, 200) << "another version is given whole";
}

TEST_F(StaticFilesTest, ServesWithTypeCacheAndEtag) {
  const auto page = files().serve({}, "index.html");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(content(page), "<!doctype html>");
  EXPECT_EQ(page.headers.find("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.headers.find("Cache-Control"), "no-cache");
  EXPECT_EQ(files().serve({}, "assets/app-1f2e.js").headers.find("Cache-Control"),
            "public, max-age=31536000, immutable");

  Request again;
  again.headers.add("If-None-Match", "\"x\", W/" + std::string{*page.headers.find("ETag")});
  const auto same = files().serve(again, "index.html");
  EXPECT_EQ(same.status, 304);
  EXPECT_FALSE(same.file);
  put("web/index.html", "<!doctype html>changed");
  EXPECT_EQ(files().serve(again, "index.html").status, 200);
}

TEST_F(StaticFilesTest, PicksThePackedTwinThatTheClientTakes) {
  Request request;
  request.headers.add("Accept-Encoding", "gzip, br;q=0.5");
  const auto packed = files().serve(request, "assets/app-1f2e.js");
  EXPECT_EQ(content(packed), "BR");
  EXPECT_EQ(packed.headers.find("Content-Encoding"), "br");
  EXPECT_EQ(packed.headers.find("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(packed.headers.find("Vary"), "Accept-Encoding");
  request.headers.set("Accept-Encoding", "br;q=0.0, gzip");
  EXPECT_EQ(content(files().serve(request, "assets/app-1f2e.js")), "let a = 1;");
}

TEST_F(StaticFilesTest, NeverLeavesItsFolder) {
  for (const std::string_view path : {"",
                                      ".",
                                      "..",
                                      "../secret.txt",
                                      "assets/../../secret.txt",
                                      "/etc/passwd",
                                      "//etc/passwd",
                                      "link.txt",
                                      "up/secret.txt",
                                      "up/web/index.html",
                                      ".hidden",
                                      "assets",
                                      "assets/",
                                      "assets//app-1f2e.js",
                                      "index.html/",
                                      "index.html/x",
                                      "nothing.html",
                                      "..\\secret.txt",
                                      "%2e%2e/secret.txt",
                                      "./index.html"}) {
    EXPECT_EQ(files().serve({}, path).status, 404) << path;
  }
  EXPECT_EQ(files().serve({}, std::string_view{"index.html\0.js", 14}).status, 404);
}

TEST(Security, AddsWhatIsMissingAndLeavesWhatIsThere) {
  Response response;
  response.headers.set("Content-Security-Policy", sandbox_policy);
  add_security_headers(response, false);
  EXPECT_EQ(response.headers.find("Content-Security-Policy"), sandbox_policy);
  EXPECT_EQ(response.headers.find("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.headers.find("Cache-Control"), "no-store");
  EXPECT_FALSE(response.headers.find("Strict-Transport-Security"));
  add_security_headers(response, true);
  EXPECT_TRUE(response.headers.find("Strict-Transport-Security"));
  EXPECT_EQ(content_security_policy.find("unsafe"), std::string_view::npos);
}

TEST(Security, WritesCookies) {
  Response response;
  set_cookie(response, {.name = "s", .value = "ab_c-1", .max_age_s = 60});
  set_cookie(response, {.name = "t", .value = "", .same_site = SameSite::strict, .secure = false});
  ASSERT_EQ(response.headers.count("Set-Cookie"), 2U);
  EXPECT_EQ(response.headers.all()[0].second,
            "s=ab_c-1; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60");
  EXPECT_EQ(response.headers.all()[1].second, "t=; Path=/; HttpOnly; SameSite=Strict");
}

TEST(Problem, HidesOurOwnFaultsAndEscapes) {
  const auto plain = problem({.code = ErrorCode::conflict, .message = "a \"b\"\n", .reason = "r"});
  EXPECT_EQ(plain.status, 409);
  EXPECT_EQ(plain.body, R"({"code":"conflict","reason":"r","message":"a \"b\"\u000a"})");
  const auto ours = problem({.code = ErrorCode::internal, .message = "row 17 of table x"});
  EXPECT_EQ(ours.body.find("17"), std::string::npos);
}

TEST(Headers, RefuseInjectedLines) {
  EXPECT_TRUE(is_writable_header("Location", "/a"));
  EXPECT_FALSE(is_writable_header("Location", "/a\r\nSet-Cookie: x=1"));
  EXPECT_FALSE(is_writable_header("Bad Name", "x"));
  EXPECT_FALSE(is_writable_header("", "x"));
}

}  // namespace
}  // namespace khien::http
