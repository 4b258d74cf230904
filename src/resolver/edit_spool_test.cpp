#include "resolver/edit_spool.h"

#include <map>

#include "base/testing/full_disk.h"
#include "policy/test_names.h"

namespace khien::resolver {
namespace {

const policy::Source orders = policy::source_named("orders-phishing");
const policy::Source feeds = policy::source_named("feeds-malware");
constexpr policy::HashKey key{.a = 7, .b = 9};

class EditSpoolTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("khien-spool-" + std::to_string(SystemRng{}.next_u64()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Numbers in names, so that order within a name can be told: added and removed by turns.
  static void fill(EditSpool& spool, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t number = i % (count / 2);
      const Octets wire = policy::wire_of("so-" + std::to_string(number) + ".ten-mien-" +
                                          std::to_string(number % 997) + ".example");
      spool.push(i % 3 == 0 ? feeds : orders,
                 {.add = i < count / 2, .below = i % 2 == 0, .nodata = i % 5 == 0, .name = wire});
    }
  }
  struct Seen {
    std::size_t edits = 0;
    std::map<std::string, int> adds;
  };
  static Seen read(const EditSpool& spool) {
    Seen seen;
    for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
      std::size_t names = 0;
      bool is_in_order = true;
      const auto done = spool.for_each(shard, [&](const SpoolEdit& edit) -> Result<void> {
        EXPECT_EQ(policy::shard_of(policy::NameKey{edit.name, key}), shard);
        seen.edits += (edit.exact ? 1U : 0U) + (edit.below ? 1U : 0U);
        ++names;
        int& adds = seen.adds[to_text(edit.name)];
        adds = edit.add ? adds + 1 : adds - 1;
        is_in_order = is_in_order && adds >= 0;  // added before it is removed
        return {};
      });
      EXPECT_TRUE(done.has_value());
      EXPECT_TRUE(is_in_order);
      EXPECT_EQ(names, spool.names(shard));
      EXPECT_EQ(names != 0, spool.touches(shard));
    }
    return seen;
  }
  static void expect_all(const EditSpool& spool, std::size_t count) {
    const Seen seen = read(spool);
    EXPECT_EQ(seen.edits, count);
    EXPECT_EQ(spool.size(), count);
    EXPECT_EQ(seen.adds.size(), count / 2);
    for (const auto& [name, adds] : seen.adds) EXPECT_EQ(adds, 0) << name;
  }

  std::filesystem::path folder_;
};

TEST_F(EditSpoolTest, AFewStayInMemoryAndInOrder) {
  EditSpool spool{key, folder_};
  fill(spool, 100);
  expect_all(spool, 100);
  EXPECT_EQ(spool.file_size(), 0U);
  ASSERT_NE(spool.in_order(), nullptr);
  EXPECT_EQ(spool.in_order()->size(), 100U);
}

constexpr std::size_t many = 200'000;
constexpr std::size_t held_back_max = policy::shard_count * spool_chunk_size;

TEST_F(EditSpoolTest, ManyLieInAFileWithoutAName) {
  EditSpool spool{key, folder_};
  fill(spool, many);
  expect_all(spool, many);
  EXPECT_EQ(spool.in_order(), nullptr);
  EXPECT_LE(spool.memory_size(), held_back_max);
  EXPECT_GT(spool.file_size(), many * 20);
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(EditSpoolTest, WithoutAFolderTheyStayInMemory) {
  for (const auto& folder : {std::filesystem::path{}, folder_ / "absent"}) {
    EditSpool spool{key, folder};
    fill(spool, many);
    expect_all(spool, many);
    EXPECT_EQ(spool.file_size(), 0U);
    EXPECT_GT(spool.memory_size(), many * 20);
  }
}

// A full disk must not hold up a block.
TEST_F(EditSpoolTest, WhatTheDiskRefusesStaysInMemory) {
  constexpr std::size_t room = std::size_t{1} << 20;
  EditSpool spool{key, folder_};
  {
    const FullDisk full{room};
    fill(spool, many);
  }
  expect_all(spool, many);
  EXPECT_LE(spool.file_size(), room);
  EXPECT_GT(spool.file_size(), 0U);
  EXPECT_GT(spool.memory_size(), held_back_max);
}

TEST_F(EditSpoolTest, TheTwoRecordsOfADomainAreOneEntry) {
  EditSpool spool{key, folder_};
  const Octets wire = policy::wire_of("scam.example");
  const std::size_t shard = policy::shard_of(policy::NameKey{wire, key});
  const auto names_after = [&](policy::Source source, const RuleEdit& edit) {
    spool.push(source, edit);
    return spool.names(shard);
  };
  EXPECT_EQ(names_after(orders, {.below = false, .name = wire}), 1U);
  EXPECT_EQ(names_after(orders, {.below = true, .name = wire}), 1U);
  EXPECT_EQ(names_after(orders, {.below = true, .name = wire}), 2U);  // a second time
  EXPECT_EQ(names_after(feeds, {.below = false, .name = wire}), 3U);  // another source
  EXPECT_EQ(names_after(feeds, {.below = true, .nodata = true, .name = wire}), 4U);
  EXPECT_EQ(names_after(feeds, {.add = false, .below = false, .name = wire}), 5U);
  EXPECT_EQ(spool.size(), 6U);
  EXPECT_EQ(spool.in_order()->size(), 6U);
}

}  // namespace
}  // namespace khien::resolver
