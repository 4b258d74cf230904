// What /healthz says of a pair of publishers.
#include "pair_health.h"

#include <gtest/gtest.h>

namespace khien::khiend {
namespace {

using publish::PairRole;

publish::PairStatus well() {
  return {.role = PairRole::leads, .name = "a", .leader = "a", .others = {{.name = "b"}}};
}
std::string degraded(const publish::PairStatus& status) {
  const auto state = pair_health(status);
  EXPECT_EQ(state.condition, api::Condition::degraded);
  return state.words;
}

TEST(PairHealth, IsGoodWhereBothAreThere) {
  EXPECT_EQ(pair_health(well()).condition, api::Condition::ok);
  EXPECT_EQ(pair_health(well()).words, "leads");
  auto status = well();
  status.role = PairRole::follows;
  status.leader = "b";
  EXPECT_EQ(pair_health(status).words, "follows \"b\"");
}

TEST(PairHealth, SaysWhatIsMissing) {
  auto status = well();
  status.others.front().heard_ago_ms = publish::pair_unheard_ms;
  EXPECT_NE(degraded(status).find("not been heard of for 20 s"), std::string::npos);
  status = well();
  status.others.front().stopped = true;
  EXPECT_NE(degraded(status).find("is stopped"), std::string::npos);
  status = well();
  status.others.front().followers_differ = true;
  EXPECT_NE(degraded(status).find("followers.json"), std::string::npos);
  status = well();
  status.others.clear();
  EXPECT_NE(degraded(status).find("no other publisher"), std::string::npos);
  status = well();
  status.name_taken = true;
  EXPECT_NE(degraded(status).find("its own --pair"), std::string::npos);
  status = well();
  status.role = PairRole::leads_alone;
  EXPECT_NE(degraded(status).find("without the database"), std::string::npos);
  status.role = PairRole::alone;
  EXPECT_NE(degraded(status).find("neither"), std::string::npos);
}

}  // namespace
}  // namespace khien::khiend
