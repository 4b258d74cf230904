#include "evidence/media_type.h"

#include <gtest/gtest.h>

namespace khien::evidence {
namespace {

std::string_view type_of(std::string_view head) { return sniff_media_type(as_bytes(head)); }

TEST(SniffMediaType, GoesByTheOctetsAlone) {
  EXPECT_EQ(type_of("\x89PNG\r\n\x1a\n..."), "image/png");
  EXPECT_EQ(type_of("\xff\xd8\xff\xe0"), "image/jpeg");
  EXPECT_EQ(type_of("RIFF....WEBPVP8 "), "image/webp");
  EXPECT_EQ(type_of("RIFF....WAVE"), "text/plain");
  EXPECT_EQ(type_of("%PDF-1.7"), "application/pdf");
  EXPECT_EQ(type_of("Chào anh chị"), "text/plain");
  EXPECT_EQ(type_of("<html><script>"), "text/plain");
  EXPECT_EQ(type_of({"MZ\0\x01", 4}), "application/octet-stream");
  EXPECT_EQ(type_of(""), "application/octet-stream");
}

TEST(SniffMediaType, KnowsAMailByItsHeader) {
  EXPECT_EQ(type_of("Return-Path: <a@b.example>\r\nReceived: from x.example\r\n by y\r\n\r\nHi"),
            "message/rfc822");
  EXPECT_EQ(type_of("from: a@b.example\nsubject: x\n\n"), "message/rfc822");
  EXPECT_EQ(type_of("From: a@b.example\n\nSubject: in the body"), "text/plain");
  EXPECT_EQ(type_of("Hello\nFrom: a\nTo: b\n"), "text/plain");
}

// No prefix of anything reads beyond its end (the sanitised build would say so).
TEST(SniffMediaType, TakesEveryTruncation) {
  for (const std::string_view whole :
       {"RIFF....WEBPVP8 ", "From: a\nTo: b\n", "\x89PNG\r\n\x1a\n"}) {
    for (std::size_t size = 0; size <= whole.size(); ++size) {
      EXPECT_FALSE(type_of(whole.substr(0, size)).empty());
    }
  }
}

}  // namespace
}  // namespace khien::evidence
