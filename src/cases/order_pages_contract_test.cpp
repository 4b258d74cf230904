#include "cases/order_pages.h"

#include "cases/testing/desk.h"

namespace khien::cases {
namespace {

class OrderPages : public testing::Desk {
 protected:
  using Pages = std::vector<std::string>;
  Pages pages_of(const Order& order) {
    auto pages = look([&](store::Executor& db) { return reported_pages(db, order); });
    EXPECT_TRUE(pages.has_value()) << pages.error().message;
    return pages.value_or(Pages{});
  }
  Order order_on(const CaseId& case_id, Scope scope = Scope::host) {
    Order order;
    order.case_id = case_id;
    order.name = "a.example";
    order.scope = scope;
    return order;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, OrderPages, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(OrderPages, AreOfTheNameWithoutWhatMayBeAVictims) {
  const auto case_id = *reported(
                            "https://a.example/qua?ma=bi-mat#phan và http://a.example:8080/ "
                            "https://www.a.example/x https://b-a.example/y")
                            .case_id;
  auto own = pages_of(order_on(case_id));
  std::sort(own.begin(), own.end());
  EXPECT_EQ(own, (Pages{"http://a.example:8080/", "https://a.example/qua"}));
  auto wide = pages_of(order_on(case_id, Scope::domain));
  EXPECT_EQ(wide.size(), 3U) << "what the order reaches, too";
  EXPECT_EQ(std::count(wide.begin(), wide.end(), "https://www.a.example/x"), 1);
}

TEST_P(OrderPages, TheMostReportedComesFirst) {
  std::string text;
  for (int i = 0; i < 6; ++i) text += "https://a.example/" + std::to_string(i) + " ";
  const auto case_id = *reported(text).case_id;
  ASSERT_TRUE(run([&](store::Transaction& tx) {
                return tx.execute(
                    "UPDATE case_subject SET reports = 7 WHERE subject_id = (SELECT id FROM "
                    "subject WHERE value = 'https://a.example/5')");
              }).has_value());
  EXPECT_EQ(pages_of(order_on(case_id)).front(), "https://a.example/5");
}

TEST_P(OrderPages, AreAFewAndEachOnce) {
  std::string text = "https://a.example/qua?ma=1 https://a.example/qua?ma=2";
  for (int i = 0; i < 6; ++i) text += " https://a.example/" + std::to_string(i);
  const auto case_id = *reported(text).case_id;
  const auto pages = pages_of(order_on(case_id));
  ASSERT_EQ(pages.size(), order_pages_max);
  EXPECT_LE(std::count(pages.begin(), pages.end(), "https://a.example/qua"), 1);
}

TEST_P(OrderPages, LooksThroughNoMoreThanItsLimit) {
  const auto case_id = *reported("https://a.example/qua").case_id;
  const auto fill = [&](int count) {
    ASSERT_TRUE(run([&](store::Transaction& tx) -> Result<std::int64_t> {
                  auto made = tx.execute(
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                      "WHERE i < $1) INSERT INTO subject (id, kind, value, first_seen_ms) "
                      "SELECT 'filler' || i, 'url', 'https://x.example/a.example/' || i, 1 FROM n "
                      "WHERE i > 0 ON CONFLICT DO NOTHING",
                      {count});
                  if (!made) return made;
                  return tx.execute(
                      "INSERT INTO case_subject (case_id, subject_id, reports, added_at_ms) "
                      "SELECT $1, id, 9, 1 FROM subject WHERE id LIKE 'filler%' "
                      "ON CONFLICT DO NOTHING",
                      {case_id});
                }).has_value());
  };
  fill(order_pages_read_max - 1);
  EXPECT_EQ(pages_of(order_on(case_id)).size(), 1U);
  fill(order_pages_read_max);
  EXPECT_TRUE(pages_of(order_on(case_id)).empty());
}

TEST_P(OrderPages, AreNoneWhereNobodyMayLook) {
  const auto case_id = *reported("https://a.example/qua").case_id;
  auto grave = order_on(case_id);
  grave.category = Category::child_abuse;
  EXPECT_TRUE(pages_of(grave).empty());
  auto address = order_on(case_id, Scope::address);
  EXPECT_TRUE(pages_of(address).empty());
  EXPECT_TRUE(pages_of(order_on(*reported("https://khac.example/").case_id)).empty());
}

}  // namespace
}  // namespace khien::cases
