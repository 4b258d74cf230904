#include "ledger/tiles.h"

#include <gtest/gtest.h>

#include "ledger/log_writer.h"

namespace khien::ledger {
namespace {

TEST(TilePath, IsThatOfTheSpecification) {
  EXPECT_EQ(tile_path({.level = 0, .index = 1'234'067}), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path({.level = 2, .index = 0, .width = 17}), "tile/2/000.p/17");
  EXPECT_EQ(tile_path({.level = entries_level, .index = 1'000}), "tile/entries/x001/000");
}

TEST(TilePath, HasOneTextForEachTile) {
  for (const std::uint64_t index : {0ULL, 7ULL, 999ULL, 1'000ULL, 1'234'067ULL}) {
    for (const unsigned width : {1U, 255U, 256U}) {
      const TileName name{.level = 1, .index = index, .width = width};
      const auto back = parse_tile_path(tile_path(name));
      ASSERT_TRUE(back) << tile_path(name);
      EXPECT_EQ(*back, name);
    }
  }
  for (const auto* bad : {"", "tile", "tile/0", "tile/0/0", "tile/0/0000", "tile/00/000",
                          "tile/0/x000/001", "tile/9/000", "tile/0/000.p/0", "tile/0/000.p/256",
                          "tile/0/000.p/01", "tile/0/000/", "tile/entries/1", "tile/0/../000",
                          "tile/x/000", "checkpoint", "tile/0/999999999999999999999999"}) {
    EXPECT_FALSE(parse_tile_path(bad)) << bad;
  }
}

TEST(TileWidth, AgreesWithTheSpecificationsExample) {
  constexpr std::uint64_t size = 70'000;
  EXPECT_EQ(tile_width_at(0, 272, size), 256U);
  EXPECT_EQ(tile_width_at(0, 273, size), 112U);
  EXPECT_EQ(tile_width_at(0, 274, size), 0U);
  EXPECT_EQ(tile_width_at(1, 0, size), 256U);
  EXPECT_EQ(tile_width_at(1, 1, size), 17U);
  EXPECT_EQ(tile_width_at(2, 0, size), 1U);
  EXPECT_EQ(tile_width_at(3, 0, size), 0U);
  EXPECT_EQ(tile_width_at(entries_level, 273, size), 112U);
}

TEST(Bundle, ComesBackAndRefusesEveryTruncation) {
  Octets bundle;
  ASSERT_TRUE(add_entry(bundle, as_bytes("one")));
  ASSERT_TRUE(add_entry(bundle, as_bytes("")));
  ASSERT_TRUE(add_entry(bundle, Octets(entry_size_max, 7)));
  EXPECT_EQ(add_entry(bundle, Octets(entry_size_max + 1, 7)).error().code,
            ErrorCode::limit_exceeded);
  const auto entries = entries_of(bundle, 3);
  ASSERT_TRUE(entries);
  EXPECT_EQ(as_text((*entries)[0]), "one");
  EXPECT_EQ((*entries)[2].size(), entry_size_max);
  for (std::size_t size = 0; size < 12; ++size) {
    EXPECT_FALSE(entries_of(Bytes{bundle}.first(size), 3)) << size;
  }
  EXPECT_FALSE(entries_of(bundle, 2));
}

class MemoryNodes final : public NodeSource {
 public:
  std::vector<Hash> leaves;
  [[nodiscard]] Result<Hash> complete(int level, std::uint64_t index) override {
    if (level == 0) return leaves[static_cast<std::size_t>(index)];
    return node_hash(*complete(level - 1, index * 2), *complete(level - 1, index * 2 + 1));
  }
};

// The edge knows the root at every size around the borders of tiles.
TEST(TreeEdge, HasTheRootOfEverySize) {
  MemoryNodes nodes;
  TreeEdge edge;
  std::vector<TreeEdge::FullTile> full;
  EXPECT_EQ(edge.root(), empty_root());
  for (std::uint64_t size = 1; size <= 66'000; ++size) {
    nodes.leaves.push_back(leaf_hash(as_bytes(std::to_string(size))));
    edge.push(nodes.leaves.back(), full);
    const bool border = size % 256 <= 1 || size % 256 == 255 || size < 600;
    if (border && (size < 800 || (size > 65'500 && size < 65'800))) {
      ASSERT_EQ(edge.root(), *root_of(nodes, size)) << size;
    }
  }
  EXPECT_EQ(full.size(), 66'000U / 256 + 1);
  EXPECT_EQ(full.back().level, 0);
}

}  // namespace
}  // namespace khien::ledger
