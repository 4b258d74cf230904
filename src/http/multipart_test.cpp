#include "http/multipart.h"

#include <gtest/gtest.h>

#include <vector>

namespace khien::http {
namespace {

struct Part {
  PartHead head;
  std::string data;
  bool ended = false;
};

class Collector final : public PartSink {
 public:
  std::vector<Part> parts;
  Result<void> on_part(const PartHead& head) override {
    parts.push_back({.head = head, .data = {}});
    return {};
  }
  Result<void> on_data(Bytes data) override {
    parts.back().data += as_text(data);
    return {};
  }
  Result<void> on_part_end() override {
    parts.back().ended = true;
    return {};
  }
};

constexpr std::string_view type = "multipart/form-data; boundary=XyZ";

std::string field(std::string_view name, std::string_view data) {
  return "--XyZ\r\nContent-Disposition: form-data; name=\"" + std::string{name} + "\"\r\n\r\n" +
         std::string{data} + "\r\n";
}
std::string file(std::string_view name, std::string_view data) {
  return "--XyZ\r\ncontent-disposition: form-data; name=f; filename=\"" + std::string{name} +
         "\"\r\nContent-Type: image/png\r\n\r\n" + std::string{data} + "\r\n";
}

/// Feeds `body` in pieces of `piece` octets; the error's reason, or "" if all is well.
std::string read(std::string_view body, Collector& into, std::size_t piece,
                 const MultipartLimits& limits = {}) {
  auto reader = MultipartReader::open(type, limits, into);
  if (!reader) return reader.error().reason;
  while (!body.empty()) {
    const auto now = body.substr(0, piece);
    body.remove_prefix(now.size());
    if (auto fed = reader->feed(as_bytes(now)); !fed) return fed.error().reason;
  }
  auto finished = reader->finish();
  return finished ? "" : finished.error().reason;
}

std::string read_all(std::string_view body, const MultipartLimits& limits = {}) {
  Collector into;
  return read(body, into, std::string_view::npos, limits);
}

TEST(Multipart, ReadsFieldsAndFilesInPiecesOfAnySize) {
  const std::string tricky = "a\r\n--Xy\r\n-XyZ\r\n\r\n--";
  const std::string body = field("note", "lừa đảo") + field("empty", "") +
                           file("a \\\"b\\\".png", tricky) + "--XyZ--\r\n";
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    Collector into;
    ASSERT_EQ(read(body, into, piece), "") << piece;
    ASSERT_EQ(into.parts.size(), 3U);
    EXPECT_EQ(into.parts[0].data, "lừa đảo");
    EXPECT_FALSE(into.parts[0].head.file_name.has_value());
    EXPECT_EQ(into.parts[1].data, "");
    EXPECT_TRUE(into.parts[1].ended);
    EXPECT_EQ(into.parts[2].head.file_name, "a \"b\".png");
    EXPECT_EQ(into.parts[2].head.content_type, "image/png");
    EXPECT_EQ(into.parts[2].data, tricky);
  }
}

TEST(Multipart, RefusesEveryTruncation) {
  const std::string body = field("a", "1") + file("b", "2") + "--XyZ--";
  ASSERT_EQ(read_all(body), "");
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(read_all(std::string_view{body}.substr(0, size)), "bad_multipart") << size;
  }
}

TEST(Multipart, RefusesBrokenForms) {
  const std::string end = "--XyZ--";
  for (const std::string& body : std::vector<std::string>{
           std::string{"preamble\r\n"} + field("a", "1") + end, "--XyZ\r\n\r\nno headers\r\n" + end,
           "--XyZ\r\nContent-Type: text/plain\r\n\r\nno name\r\n" + end,
           "--XyZ\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n\r\n" + end,
           "--XyZ\r\nContent-Disposition: form-data; name=\"a\r\n\r\n\r\n" + end,
           "--XyZ\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n\r\n" + end,
           "--XyZ\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\n\r\n" + end,
           "--XyZ\nContent-Disposition: form-data; name=a\n\nbare line feeds\n--XyZ--",
           "--XyZ\r\nContent-Disposition: form-data; name=a\r\nno colon\r\n\r\n\r\n" + end,
           "--XyZabc\r\n" + field("a", "1") + end}) {
    EXPECT_EQ(read_all(body), "bad_multipart") << body;
  }
}

TEST(Multipart, RefusesOddContentTypes) {
  Collector into;
  for (const std::string_view bad :
       {"", "multipart/form-data", "multipart/mixed; boundary=a", "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a b\"", "text/plain; boundary=a",
        "multipart/form-data; "
        "boundary=0123456789012345678901234567890123456789012345678901234567890"
        "1234567890"}) {
    EXPECT_FALSE(MultipartReader::open(bad, {}, into).has_value()) << bad;
  }
  EXPECT_TRUE(MultipartReader::open("Multipart/Form-Data;charset=utf-8; Boundary=\"a-b\"", {}, into)
                  .has_value());
}

TEST(Multipart, ReachesEachLimit) {
  const MultipartLimits limits{.parts_max = 2,
                               .head_size_max = 120,
                               .name_size_max = 8,
                               .file_name_size_max = 8,
                               .field_size_max = 10,
                               .file_size_max = 20};
  const std::string end = "--XyZ--";
  const auto of = [&](char c, std::size_t n) { return std::string(n, c); };
  EXPECT_EQ(read_all(field("a", "1") + field("b", "2") + end, limits), "");
  EXPECT_EQ(read_all(field("a", "") + field("b", "") + field("c", "") + end, limits),
            "too_many_parts");
  EXPECT_EQ(read_all(field(of('n', 8), "") + end, limits), "");
  EXPECT_EQ(read_all(field(of('n', 9), "") + end, limits), "part_name_too_long");
  EXPECT_EQ(read_all(file(of('n', 9), "") + end, limits), "file_name_too_long");
  EXPECT_EQ(read_all(file(of('n', 200), "") + end, limits), "part_head_too_large");
  EXPECT_EQ(read_all("--XyZ\r\n" + of('h', 500), limits), "part_head_too_large");
  EXPECT_EQ(read_all(field("a", of('d', 10)) + end, limits), "");
  EXPECT_EQ(read_all(field("a", of('d', 11)) + end, limits), "field_too_large");
  EXPECT_EQ(read_all(file("a", of('d', 20)) + end, limits), "");
  EXPECT_EQ(read_all(file("a", of('d', 21)) + end, limits), "file_too_large");
}

TEST(Multipart, PassesOnTheSinksError) {
  class Refusing final : public PartSink {
    Result<void> on_part(const PartHead&) override {
      return fail(ErrorCode::denied, "no", "unwanted");
    }
    Result<void> on_data(Bytes) override { return {}; }
    Result<void> on_part_end() override { return {}; }
  } sink;
  auto reader = MultipartReader::open(type, {}, sink).value();
  const auto body = field("a", "1");
  EXPECT_EQ(reader.feed(as_bytes(body)).error().reason, "unwanted");
}

}  // namespace
}  // namespace khien::http
