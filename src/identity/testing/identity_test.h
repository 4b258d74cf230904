// A migrated database with the demo's people and everything identity needs, for contract tests on
// both engines: of identity itself and of modules above it. `actor("lan")` is Lan as a signed-in
// session gives her; `code("lan")` are her next six digits.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "identity/account.h"
#include "identity/first_start.h"
#include "identity/schema.h"
#include "identity/sign_in.h"
#include "ledger/schema.h"
#include "store/testing/engine_fixture.h"

namespace khien::identity::testing {

class IdentityTest : public store::testing::EngineTest {
 protected:
  [[nodiscard]] std::vector<store::ModuleMigrations> modules() const override {
    return {{.module = "ledger", .migrations = ledger::migrations()},
            {.module = "identity", .migrations = identity::migrations()}};
  }

  /// Makes the demo's people; password demo_password.
  void make_people() {
    const auto made = create_demo_accounts(db(), context_, demo_password);
    ASSERT_TRUE(made.has_value()) << made.error().message;
  }

  [[nodiscard]] AccountId id_of(std::string_view login) {
    const auto found =
        db().read([&](store::Executor& executor) { return find_login(executor, login); });
    EXPECT_TRUE(found.has_value() && found->has_value()) << login;
    return found && *found ? **found : AccountId{};
  }

  /// The person with a complete session, the second factor just shown.
  [[nodiscard]] SignedIn person(std::string_view login) {
    const auto opened = db().transact([&](store::Transaction& tx) {
      return open_session(tx, context_, id_of_in(tx, login), SessionStage::complete);
    });
    EXPECT_TRUE(opened.has_value());
    auto found = resolve_session(db(), context_, opened ? opened->token : "");
    EXPECT_TRUE(found.has_value());
    return found ? *found : SignedIn{};
  }
  [[nodiscard]] Actor actor(std::string_view login) { return person(login).actor; }

  [[nodiscard]] std::string code(std::string_view login) {
    const auto digits = demo_code(db(), context_, login);
    EXPECT_TRUE(digits.has_value()) << digits.error().message;
    return digits.value_or("");
  }
  /// Lets half a minute pass, so that a code that was used is followed by another.
  void next_code() { clock_.advance(30 * ms_per_second); }

  [[nodiscard]] std::int64_t count(std::string_view sql) {
    const auto row = db().read([&](store::Executor& executor) { return executor.query_one(sql); });
    return row && *row ? (*row)->integer(0) : -1;
  }
  [[nodiscard]] std::int64_t leaves(const std::string& type) {
    const auto row = db().read([&](store::Executor& executor) {
      return executor.query_one("SELECT count(*) FROM ledger_leaf WHERE entry LIKE $1",
                                {"%\"type\":\"" + type + "\"%"});
    });
    return row && *row ? (*row)->integer(0) : -1;
  }

  ManualClock clock_;
  SystemRng rng_;
  crypto::SealKey seal_key_ = crypto::SealKey::generate(rng_);
  crypto::Ed25519Key server_key_ = crypto::Ed25519Key::generate(rng_);
  RelyingParty rp_{.id = "localhost", .name = "Khiên", .origins = {"http://localhost:8080"}};
  PasswordGate passwords_{crypto::password_cost_for_tests};
  SignInLimits limits_;
  Metrics metrics_;
  Context context_{.clock = clock_,
                   .rng = rng_,
                   .seal_key = seal_key_,
                   .server_key = server_key_,
                   .rp = rp_,
                   .passwords = passwords_,
                   .limits = limits_,
                   .metrics = &metrics_};

 private:
  static AccountId id_of_in(store::Executor& executor, std::string_view login) {
    const auto found = find_login(executor, login);
    EXPECT_TRUE(found.has_value() && found->has_value()) << login;
    return found && *found ? **found : AccountId{};
  }
};

}  // namespace khien::identity::testing
