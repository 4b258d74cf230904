#include "resolver/doh_request.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "resolver/stream_framing.h"
#include "resolver/test_engine.h"

namespace khien::resolver {
namespace {

const DohPaths paths = [](std::string_view path) {
  return path == "/dns-query" || path == "/lop-1";
};
const Octets query = packet_of({.name = "a.example."});

struct Said {
  std::string method = "GET";
  std::string target = {};
  std::string type = {};
  Octets body = {};
};

DohRequest request_of(const Said& said) {
  DohRequest request;
  request.field(":method", said.method);
  request.field(":path", said.target);
  if (!said.type.empty()) request.field("content-type", said.type);
  (void)request.body(said.body);
  return request;
}
int status_of(const Said& said) { return request_of(said).read(paths).status; }
std::string get_target(std::string_view path, Bytes message) {
  return std::string{path} + "?dns=" + codec::base64url(message);
}

TEST(DohRequest, ReadsAQueryOfGetAndOfPost) {
  auto get = request_of({.target = get_target("/lop-1", query)});
  EXPECT_EQ(get.path(), "/lop-1");
  const auto from_get = get.read(paths);
  EXPECT_EQ(from_get.status, 200);
  EXPECT_EQ(from_get.message, query);
  const auto from_post = request_of({.method = "POST",
                                     .target = "/dns-query",
                                     .type = "application/dns-message",
                                     .body = query})
                             .read(paths);
  EXPECT_EQ(from_post.status, 200);
  EXPECT_EQ(from_post.message, query);
}

TEST(DohRequest, FindsTheQueryAmongOtherParameters) {
  const auto text = codec::base64url(query);
  EXPECT_EQ(status_of({.target = "/dns-query?ct=x&dns=" + text + "&random_padding=1"}), 200);
  EXPECT_EQ(status_of({.target = "/dns-query?xdns=" + text}), 400);
}

TEST(DohRequest, TakesTheMediaTypeInAnyCaseAndWithParameters) {
  const Said good{.method = "POST", .target = "/dns-query", .body = query};
  for (const auto* type : {"Application/DNS-Message", "application/dns-message ; x=y"}) {
    Said said = good;
    said.type = type;
    EXPECT_EQ(status_of(said), 200) << type;
  }
  for (const auto* type : {"", "text/plain", "application/dns-messages", "application/dns-json"}) {
    Said said = good;
    said.type = type;
    EXPECT_EQ(status_of(said), 415) << type;
  }
}

TEST(DohRequest, RefusesOtherPathsAndMethods) {
  EXPECT_EQ(status_of({.target = get_target("/", query)}), 404);
  EXPECT_EQ(status_of({.target = get_target("/dns-query/", query)}), 404);
  EXPECT_EQ(status_of({.target = get_target("/DNS-query", query)}), 404);
  for (const auto* method : {"HEAD", "PUT", "OPTIONS", "get"}) {
    EXPECT_EQ(status_of({.method = method, .target = get_target("/dns-query", query)}), 405);
  }
}

TEST(DohRequest, RefusesWhatIsNoQuery) {
  for (const auto* target : {"/dns-query", "/dns-query?dns=", "/dns-query?dns=AAABAA==",
                             "/dns-query?dns=a b", "/dns-query?dns=AAAA", "/dns-query?dns=+/+/"}) {
    EXPECT_EQ(status_of({.target = target}), 400) << target;
  }
  EXPECT_EQ(
      status_of({.method = "POST", .target = "/dns-query", .type = "application/dns-message"}),
      400);
}

TEST(DohRequest, RefusesABodyAboveTheLimitAsSoonAsItIs) {
  DohRequest request = request_of({.method = "POST",
                                   .target = "/dns-query",
                                   .type = "application/dns-message",
                                   .body = Octets(stream_query_size_max, 1)});
  EXPECT_EQ(request.early_status(paths), 0);
  EXPECT_FALSE(request.body(Octets(1, 1)));
  EXPECT_EQ(request.early_status(paths), 413);
  EXPECT_EQ(request.read(paths).status, 413);
  EXPECT_EQ(status_of({.target = get_target("/dns-query", Octets(stream_query_size_max + 1, 0))}),
            413);
}

TEST(DohMaxAge, IsTheLowestTtlOfTheAnswer) {
  const auto message = [](const std::vector<dns::Record>& records, dns::Section section) {
    Octets out(512);
    dns::MessageWriter writer{out, out.size()};
    writer.begin(1, dns::flag_qr);
    EXPECT_TRUE(writer.add_question(test_name("a.example."), dns::type_a, dns::class_in));
    for (const auto& record : records) {
      EXPECT_TRUE(writer.add_record(section, record));
    }
    out.resize(writer.size());
    return out;
  };
  const std::vector<dns::Record> records{test_record("a.example.", "A", 300, "192.0.2.1"),
                                         test_record("a.example.", "A", 60, "192.0.2.2")};
  EXPECT_EQ(doh_max_age_s(message(records, dns::Section::answer)), 60U);
  EXPECT_EQ(doh_max_age_s(message(records, dns::Section::authority)), 60U);
  EXPECT_EQ(doh_max_age_s(message(records, dns::Section::additional)), 0U);
  EXPECT_EQ(doh_max_age_s(message({}, dns::Section::answer)), 0U);
  EXPECT_EQ(doh_max_age_s(as_bytes("short")), 0U);
}

}  // namespace
}  // namespace khien::resolver
