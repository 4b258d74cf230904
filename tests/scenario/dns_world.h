// What a DNS scenario plays in: khien-dnsd's engine and rule store, an upstream that answers as the
// file says, and time that passes only by `wait`.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "policy/policy_document.h"
#include "resolver/rule_store.h"
#include "resolver/test_engine.h"
#include "scenario_file.h"
#include "zone_stream.h"

namespace khien::scenario {

class DnsWorld {
 public:
  explicit DnsWorld(ManualClock& clock);

  /// Runs the statement if it is one of DNS; false if another world must know it.
  bool run(const Statement& statement, Failures& failures);

  /// A record of a zone comes or goes, as IXFR would bring it. False if there is no such zone.
  struct Edit {
    std::string zone = {};
    std::string name = {};
    bool add = true;
    bool domain = false;  ///< what lies below as well
    bool nodata = false;
  };
  [[nodiscard]] Result<void> edit(const Edit& edit);
  /// The clock has moved already.
  void passed(std::int64_t ms);

 private:
  [[nodiscard]] Result<void> apply_transfer(const ZoneStream& stream, policy::ZoneState zone,
                                            bool is_whole);
  using Handler = void (DnsWorld::*)(const Statement&, Failures&);
  static const std::map<std::string, Handler>& handlers();

  void set_base_url(const Statement& statement, Failures& failures);
  void set_choices(const Statement& statement, Failures& failures);
  void set_block_answer(const Statement& statement, Failures& failures);
  void set_sinkhole(const Statement& statement, Failures& failures);
  void set_rules(const Statement& statement, Failures& failures);
  void add_third_party(const Statement& statement, Failures& failures);
  void transfer_zone(const Statement& statement, Failures& failures);
  void check_metric(const Statement& statement, Failures& failures);
  void set_policies(const Statement& statement, Failures& failures);
  void follow_time();
  void change_rule(const Statement& statement, Failures& failures);
  void confirm(const Statement& statement, Failures& failures);
  void snapshot(const Statement& statement, Failures& failures);
  void set_upstream(const Statement& statement, Failures& failures);
  void set_server_count(const Statement& statement, Failures& failures);
  void set_server(const Statement& statement, Failures& failures);
  void check_server(const Statement& statement, Failures& failures);
  void check_count(const Statement& statement, Failures& failures);
  void wait(const Statement& statement, Failures& failures);
  void query(const Statement& statement, Failures& failures);
  void reply(const Statement& statement, Failures& failures);

  resolver::TestEngine& engine();
  void publish();

  ManualClock& clock_;
  SeededRng rng_{20'260'302};
  Metrics metrics_;
  resolver::RuleStore store_{{}, clock_, rng_, metrics_};
  Snapshot<resolver::Cookies> cookies_{std::make_shared<const resolver::Cookies>(
      resolver::CookieSecrets{.current = {1, 2, 3}}, clock_)};
  std::vector<policy::ThirdPartyZone> third_parties_;
  resolver::EngineOptions options_;
  bool ready_ = true;
  std::unique_ptr<resolver::TestEngine> engine_;    // made by the first query
  std::shared_ptr<const policy::PolicyBook> book_;  // null: one policy for all
  std::shared_ptr<const policy::NetworkPolicies> policies_;
  Octets asked_question_;  // of the last query, for `reply`
};

}  // namespace khien::scenario
