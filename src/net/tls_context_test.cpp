#include "net/tls_context.h"

#include <gtest/gtest.h>

#include <fstream>

#include "net/testing/certificate.h"

namespace khien::net {
namespace {

using testing::CertificateFolder;

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream{path} << text;
}

Error server_error(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  const auto made = TlsContext::server({.certificate = certificate, .key = key});
  EXPECT_FALSE(made.has_value());
  return made ? Error{} : made.error();
}

TEST(TlsContext, ReadsAPairAndItsEnd) {
  const CertificateFolder folder;
  const auto context =
      TlsContext::server({.certificate = folder.certificate(), .key = folder.key()});
  ASSERT_TRUE(context.has_value()) << context.error().message;
  EXPECT_TRUE(context->is_server());
  EXPECT_GT(context->not_after_s(), 1'700'000'000);
}

TEST(TlsContext, NamesTheFileThatIsMissing) {
  const CertificateFolder folder;
  const Error no_key = server_error(folder.certificate(), folder.path() / "none.pem");
  EXPECT_EQ(no_key.code, ErrorCode::not_found);
  EXPECT_NE(no_key.message.find("none.pem"), std::string::npos) << no_key.message;
  EXPECT_EQ(server_error(folder.path() / "none.pem", folder.key()).code, ErrorCode::not_found);
}

TEST(TlsContext, RefusesFilesThatAreNotPem) {
  const CertificateFolder folder;
  const auto junk = folder.path() / "junk.pem";
  write_text(junk, "not a certificate\n");
  const Error certificate = server_error(junk, folder.key());
  EXPECT_EQ(certificate.code, ErrorCode::malformed);
  EXPECT_NE(certificate.message.find("junk.pem"), std::string::npos) << certificate.message;
  EXPECT_EQ(server_error(folder.certificate(), junk).code, ErrorCode::malformed);
}

TEST(TlsContext, RefusesAKeyOfAnotherCertificate) {
  const CertificateFolder one;
  const CertificateFolder other;
  const Error error = server_error(one.certificate(), other.key());
  EXPECT_EQ(error.code, ErrorCode::conflict);
  EXPECT_NE(error.message.find("does not belong"), std::string::npos) << error.message;
}

TEST(TlsContext, RefusesAnAuthoritiesFileWithoutCertificates) {
  const CertificateFolder folder;
  const auto junk = folder.path() / "junk.pem";
  write_text(junk, "nothing\n");
  const auto client = TlsContext::client({.authorities = junk});
  ASSERT_FALSE(client.has_value());
  EXPECT_EQ(client.error().code, ErrorCode::malformed);
}

TEST(TlsContext, RefusesAnAlpnNameThatIsTooLong) {
  const CertificateFolder folder;
  const auto made = TlsContext::server(
      {.certificate = folder.certificate(), .key = folder.key(), .alpn = {std::string(256, 'a')}});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace khien::net
