// Who may see and stop publication, and decide on what waits or was found.
#include "api_refusals.h"

namespace khien::khiend {
namespace {

TEST_F(ApiRefusals, WhoMaySeesTheZonesAndTheirFollowers) {
  const auto seen = ask("GET", "/api/v1/publication", headers_of(signed_in("thu")));
  EXPECT_EQ(seen.status, 200) << seen.text;
  EXPECT_TRUE(seen.has(R"("here":true)")) << seen.text;
  EXPECT_TRUE(seen.has(R"("name":"orders-phishing.rpz.khien")")) << seen.text;
  EXPECT_TRUE(seen.has(R"("name":"khien-dnsd")")) << seen.text;  // a new installation's follower
  EXPECT_TRUE(seen.has(R"("ring":"all")")) << seen.text;
  EXPECT_TRUE(seen.has(R"("state":"never")")) << seen.text;
}

TEST_F(ApiRefusals, TheDutyOperatorStopsAndDecidesAtTheGate) {
  const auto duty = headers_of(signed_in("duc"));
  const std::string path = "/api/v1/publication";
  const auto stopped = ask("POST", path + "/stop", duty, R"({"zone":"orders-fraud"})");
  EXPECT_EQ(stopped.status, 200) << stopped.text;
  const auto gate = ask("GET", path + "/gate", duty);
  EXPECT_TRUE(gate.has(R"("stopped":["orders-fraud"])")) << gate.text;
  EXPECT_TRUE(gate.has(R"("items":[])")) << gate.text;
  const std::vector<std::tuple<std::string, std::string, int, std::string>> refused{
      {"/stop", R"({"zone":"opinions"})", 400, "unknown_zone"},
      {"/resume", R"({"zone":"orders-phishing"})", 409, "not_stopped"},
      {"/rollback", R"({"zone":"orders-fraud","serial":1})", 400, "bad_field"},
      {"/rollback", R"({"zone":"orders-fraud","serial":1,"reason":"x"})", 400, "reason_needed"},
      {"/rollback", R"({"zone":"orders-fraud","serial":-1,"reason":"nhầm"})", 400, "bad_field"},
      {"/rollback", R"({"zone":"orders-fraud","serial":77,"reason":"nhầm"})", 404,
       "serial_unknown"},
      {"/gate/1/release", "{}", 404, "no_such_change"},
      {"/gate/x/release", "{}", 404, "no_such_change"},
      {"/gate/1/reject", R"({"reason":"nhầm"})", 404, "no_such_change"},
      {"/gate/1/release", R"({"in_stages":"yes"})", 400, "bad_field"},
      {"/gate/1/advance", "{}", 404, "no_such_change"},
      {"/stop", R"({"zone":"trial-own-fraud"})", 400, "unknown_zone"},
      {"/rollback", R"({"zone":"trial-own-fraud","serial":1,"reason":"nhầm"})", 400,
       "unknown_zone"},
  };
  for (const auto& [end, body, status, reason] : refused) {
    const auto answer = ask("POST", path + end, duty, body);
    EXPECT_EQ(answer.status, status) << end << answer.text;
    EXPECT_TRUE(answer.has("\"" + reason + "\"")) << end << answer.text;
  }
  EXPECT_EQ(ask("POST", path + "/resume", duty, R"({"zone":"orders-fraud"})").status, 200);
  const auto& services = khiend_->services();
  const auto leaves = services.database.read([](store::Executor& db) {
    return db.query_one(
        "SELECT count(*) FROM ledger_leaf WHERE type IN "
        "('publication.stopped', 'publication.resumed')");
  });
  EXPECT_EQ((*leaves)->integer(0), 2);  // nothing that was refused
}

// What a recheck found of a list: anyone with the right drops it; keeping is not for its proposer.
TEST_F(ApiRefusals, AFoundEntryIsDroppedOrKeptByOnePerson) {
  const auto& services = khiend_->services();
  const feeds::Context context{.clock = services.clock, .rng = services.rng};
  const auto found = services.database.transact([&](store::Transaction& tx) -> Result<void> {
    auto minh = tx.query_one("SELECT id FROM account WHERE login = 'minh'");
    if (!minh) return tl::unexpected<Error>{minh.error()};
    auto feed = feeds::propose_feed(tx, context,
                                    {.name = "Danh sách mẫu",
                                     .source = "mau.txt",
                                     .entries_max = 10,
                                     .valid_until_ms = services.clock.now_ms() + 9 * ms_per_day,
                                     .reason = "đã kiểm tra"},
                                    (*minh)->text(0));
    if (!feed) return tl::unexpected<Error>{feed.error()};
    for (const char* name : {"mot.example", "hai.example"}) {
      auto entry =
          feeds::find_entry(tx, context,
                            {.feed = feed->id,
                             .name = name,
                             .finding = cases::RecheckFinding::parked,
                             .grounds = {.looks = 2, .since_ms = 1, .server = "ns.example"}});
      if (!entry) return tl::unexpected<Error>{entry.error()};
    }
    return {};
  });
  ASSERT_TRUE(found.has_value()) << found.error().message;
  const std::string path = "/api/v1/rechecks";
  const auto listed = ask("GET", path + "/entries", headers_of(signed_in("thu")));
  EXPECT_EQ(listed.status, 200) << listed.text;
  EXPECT_TRUE(listed.has(R"("name":"mot.example")")) << listed.text;
  EXPECT_TRUE(listed.has(R"("server":"ns.example")")) << listed.text;
  const std::string reason = R"({"reason":"không còn"})";
  const auto keep = [&](const std::string& login, const std::string& body) {
    return ask("POST", path + "/entries/2/keep", headers_of(signed_in(login)), body);
  };
  EXPECT_TRUE(keep("minh", reason).has("own_feed"));
  EXPECT_TRUE(keep("hoa", R"({"reason":""})").has("feed_reason"));
  EXPECT_EQ(keep("hoa", reason).status, 200);
  EXPECT_TRUE(keep("hoa", reason).has("wrong_state"));
  const auto duty = headers_of(signed_in("duc"));
  const auto dropped = ask("POST", path + "/entries/1/drop", duty, reason);
  EXPECT_EQ(dropped.status, 200) << dropped.text;
  EXPECT_TRUE(dropped.has(R"("state":"dropped")")) << dropped.text;
  EXPECT_EQ(ask("POST", path + "/entries/x/drop", duty, reason).status, 404);
  const auto proposals = ask("GET", path + "/proposals", duty);
  EXPECT_TRUE(proposals.has(R"("enabled":false)")) << proposals.text;
  EXPECT_TRUE(proposals.has(R"("total":0)")) << proposals.text;
}

}  // namespace
}  // namespace khien::khiend
