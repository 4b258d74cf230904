#include "publish/zone_log.h"

#include <gtest/gtest.h>

#include "publish/testing.h"

namespace khien::publish {
namespace {

Batch sample() {
  return {.position = 7,
          .at_ms = 1'767'225'600'000,
          .applied_sequence = 41,
          .reported_sequence = 40,
          .sources = {{.index = 1, .name = "order:01J"}},
          .zones = {{.zone = "orders-phishing",
                     .serial = 9,
                     .operations = {{.kind = OperationKind::add,
                                     .scope = Scope::domain,
                                     .source = 1,
                                     .until_ms = 1'767'312'000'000,
                                     .name = test_name("xau.example.")},
                                    {.kind = OperationKind::lapse,
                                     .scope = Scope::host,
                                     .source = 1,
                                     .until_ms = 0,
                                     .name = test_name("cu.example.")}}}}};
}

TEST(ZoneLog, BatchesReadBack) {
  const auto batch = decode_batch(encode_batch(sample()));
  ASSERT_TRUE(batch.has_value());
  EXPECT_EQ(batch->position, 7U);
  EXPECT_EQ(batch->applied_sequence, 41);
  EXPECT_EQ(batch->reported_sequence, 40);
  EXPECT_EQ(batch->sources[0].name, "order:01J");
  const auto& operations = batch->zones[0].operations;
  ASSERT_EQ(operations.size(), 2U);
  EXPECT_EQ(operations[0].name, test_name("xau.example."));
  EXPECT_EQ(operations[0].until_ms, 1'767'312'000'000);
  EXPECT_EQ(operations[1].kind, OperationKind::lapse);
}

TEST(ZoneLog, RefusesEveryTruncationAndMore) {
  Octets payload = encode_batch(sample());
  for (std::size_t size = 0; size < payload.size(); ++size) {
    EXPECT_FALSE(decode_batch(Bytes{payload}.first(size)).has_value()) << size;
  }
  payload.push_back(0);
  EXPECT_EQ(decode_batch(payload).error().code, ErrorCode::corrupt);
}

TEST(ZoneLog, RefusesCountsThatCannotBe) {
  Octets payload = encode_batch(sample());
  constexpr std::size_t source_count_at = 1 + 8 + 8 + 8 + 8;
  for (std::size_t i = 0; i < 4; ++i) payload[source_count_at + i] = 0xFF;
  EXPECT_FALSE(decode_batch(payload).has_value());
}

TEST(ZoneLog, TheBaseReadsBack) {
  BaseWriter writer{{.position = 5,
                     .applied_sequence = 3,
                     .reported_sequence = 2,
                     .sources = {"rollback", "feed:a"}}};
  const std::array holders{Holder{.source = 1},
                           Holder{.source = 0, .scope = Scope::domain, .until_ms = 5}};
  writer.begin_zone("pass", 3);
  writer.end_zone();
  writer.begin_zone("feeds-fraud", 8);
  writer.add(test_name("xau.example."), holders);
  writer.end_zone();
  const Octets payload = std::move(writer).finish();

  std::vector<std::string> seen;
  const BaseHandlers handlers{
      .on_zone = [&](std::string_view id, std::uint32_t serial) -> Result<void> {
        seen.push_back(std::string{id} + " " + std::to_string(serial));
        return {};
      },
      .on_holder =
          [&](dns::NameView name, const Holder& holder) {
            seen.push_back(name.to_text() + std::to_string(holder.source));
          }};
  const auto head = read_base(payload, base_version, handlers);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->position, 5U);
  EXPECT_EQ(head->sources[1], "feed:a");
  EXPECT_EQ(seen, (std::vector<std::string>{"pass 3", "feeds-fraud 8", "xau.example.1",
                                            "xau.example.0"}));
  const std::size_t head_size = 8 + 8 + 8 + sizeof(crypto::Sha256Digest) + 4 + 9 + 7;
  for (std::size_t size = 0; size < payload.size(); ++size) {
    const bool between_zones = size == head_size || size == head_size + 1 + 5 + 8;
    const auto cut = read_base(Bytes{payload}.first(size), base_version, handlers);
    EXPECT_EQ(cut.has_value(), between_zones) << size;
  }
}

}  // namespace
}  // namespace khien::publish
