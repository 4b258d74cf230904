#include "resolver/tls_identity.h"

#include <gtest/gtest.h>

#include <fstream>

#include "net/testing/certificate.h"

namespace khien::resolver {
namespace {

class TlsIdentityTest : public testing::Test {
 protected:
  std::unique_ptr<TlsIdentity> open() {
    auto identity = TlsIdentity::open({.certificate = folder_.certificate(), .key = folder_.key()},
                                      clock_, rng_, metrics_);
    EXPECT_TRUE(identity.has_value());
    return std::move(*identity);
  }
  std::int64_t reloads() { return metrics_.counter("khien_dnsd_tls_reloads_total", "").value(); }
  std::int64_t failures() {
    return metrics_.counter("khien_dnsd_tls_reload_failures_total", "").value();
  }

  const net::testing::CertificateFolder folder_;
  ManualClock clock_{SystemClock{}.now_ms()};
  SystemRng rng_;
  Metrics metrics_;
};

TEST_F(TlsIdentityTest, TakesANewPairIntoUse) {
  auto identity = open();
  const auto first = identity->contexts().get();
  identity->poll();
  EXPECT_EQ(identity->contexts().get(), first);
  net::testing::write_certificate(folder_.path(), {.not_after_s = 7'200});
  identity->poll();
  const auto second = identity->contexts().get();
  EXPECT_GT(second->dot.not_after_s(), first->dot.not_after_s());
  EXPECT_EQ(reloads(), 1);
  EXPECT_EQ(identity->health(), "tls: certificate in force\n");
}

TEST_F(TlsIdentityTest, KeepsTheLastGoodPairAndSaysWhy) {
  auto identity = open();
  const auto good = identity->contexts().get();
  const net::testing::CertificateFolder other;
  // The key of another pair, as when only one of the files has been replaced yet.
  std::filesystem::copy_file(other.key(), folder_.key(),
                             std::filesystem::copy_options::overwrite_existing);
  identity->poll();
  EXPECT_EQ(identity->contexts().get(), good);
  EXPECT_EQ(failures(), 1);
  EXPECT_NE(identity->health().find("does not belong"), std::string::npos) << identity->health();
  identity->poll();
  EXPECT_EQ(failures(), 1);  // told once for each change
  std::filesystem::copy_file(other.certificate(), folder_.certificate(),
                             std::filesystem::copy_options::overwrite_existing);
  identity->poll();
  EXPECT_NE(identity->contexts().get(), good);
  EXPECT_EQ(identity->health(), "tls: certificate in force\n");
}

TEST_F(TlsIdentityTest, KeepsTheLastGoodPairWhenFilesGoOrAreNonsense) {
  auto identity = open();
  const auto good = identity->contexts().get();
  std::ofstream{folder_.certificate()} << "nonsense\n";
  identity->poll();
  std::filesystem::remove(folder_.key());
  identity->poll();
  EXPECT_EQ(identity->contexts().get(), good);
  EXPECT_EQ(failures(), 2);
}

TEST_F(TlsIdentityTest, TakesNoCertificateThatIsOverForOneThatIsNot) {
  auto identity = open();
  const auto good = identity->contexts().get();
  net::testing::write_certificate(folder_.path(), {.not_after_s = -30});
  identity->poll();
  EXPECT_EQ(identity->contexts().get(), good);
  EXPECT_NE(identity->health().find("over already"), std::string::npos) << identity->health();
}

TEST_F(TlsIdentityTest, StartsWithACertificateThatIsOverAndSaysSo) {
  net::testing::write_certificate(folder_.path(), {.not_after_s = -30});
  EXPECT_EQ(open()->health(), "tls: the certificate is over; renew it\n");
}

TEST_F(TlsIdentityTest, DoesNotStartWithoutAPair) {
  std::filesystem::remove(folder_.key());
  const auto identity = TlsIdentity::open(
      {.certificate = folder_.certificate(), .key = folder_.key()}, clock_, rng_, metrics_);
  ASSERT_FALSE(identity.has_value());
  EXPECT_EQ(identity.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace khien::resolver
