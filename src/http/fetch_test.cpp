// The client against our own server over TLS on loopback, with a certificate made for the test.
#include "http/fetch.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "http/server.h"
#include "http/static_files.h"

namespace khien::http {
namespace {

/// A key and a self-signed certificate for 127.0.0.1, good for an hour.
void write_certificate(const std::filesystem::path& folder) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3'600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("server.test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen((folder / "cert.pem").c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen((folder / "key.pem").c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_EXTENSION_free(names);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

class FetchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "khien-fetch-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    write_certificate(folder_);
    const auto add = [this](std::string path, Handler handler) {
      routes_.push_back(
          {.path = std::move(path), .handler = std::move(handler), .permission = "public"});
    };
    add("/list", [](const Request& request) {
      Response response = respond(200, "text/plain", "bad.example\n");
      response.headers.set("ETag", "\"v1\"");
      response.headers.set("Last-Modified", "Mon, 23 Nov 2026 00:00:00 GMT");
      if (matches_etag(request, "\"v1\"")) {
        response.status = 304;
        response.body.clear();
      }
      return response;
    });
    add("/hop/{n}", [](const Request& request) {
      const int left = std::stoi(std::string{request.parameter("n")});
      return see_other(left == 0 ? "/list" : "/hop/" + std::to_string(left - 1));
    });
    add("/to-http", [](const Request&) { return see_other("http://127.0.0.1:9/"); });
    add("/gone", [](const Request&) { return respond(410, "text/plain", "gone"); });
    add("/large",
        [](const Request&) { return respond(200, "text/plain", std::string(5'000, 'x')); });
    ServerOptions options;
    options.listen = {
        {.address = net::SocketAddress::parse("127.0.0.1:0").value(),
         .tls = TlsFiles{.certificate = folder_ / "cert.pem", .key = folder_ / "key.pem"}}};
    server_ = Server::start(std::move(options), Router::build(std::move(routes_)).value(), clock_,
                            metrics_)
                  .value();
  }
  void TearDown() override {
    server_->stop();
    std::filesystem::remove_all(folder_);
  }
  FetchRequest request(std::string_view path) const {
    return {.url = "https://" + to_string(server_->addresses().front()) + std::string{path},
            .timeout_ms = 10'000,
            .reach = FetchReach::any,
            .ca_file = folder_ / "cert.pem"};
  }
  /// The body, or the error's code and reason.
  std::string get(const FetchRequest& request) {
    std::string body;
    last_ = fetch(request, [&](Bytes piece) -> Result<void> {
      body += as_text(piece);
      return {};
    });
    return last_ ? body : std::string{to_string(last_.error().code)} + " " + last_.error().reason;
  }

  SystemClock clock_;
  Metrics metrics_;
  std::filesystem::path folder_;
  std::vector<Route> routes_;
  std::unique_ptr<Server> server_;
  Result<Fetched> last_;
};

TEST_F(FetchTest, FetchesAndAsksForChangesOnly) {
  auto wanted = request("/list");
  EXPECT_EQ(get(wanted), "bad.example\n");
  ASSERT_TRUE(last_.has_value());
  EXPECT_TRUE(last_->changed);
  EXPECT_EQ(last_->size, 12U);
  EXPECT_EQ(last_->content_type, "text/plain");
  wanted.etag = last_->etag;
  wanted.last_modified = last_->last_modified;
  EXPECT_EQ(get(wanted), "");
  ASSERT_TRUE(last_.has_value());
  EXPECT_FALSE(last_->changed);
}

TEST_F(FetchTest, FollowsFewRedirectsAndNeverToPlainHttp) {
  EXPECT_EQ(get(request("/hop/2")), "bad.example\n");
  EXPECT_TRUE(last_->final_url.ends_with("/list"));
  EXPECT_EQ(get(request("/hop/3")), "unavailable ");
  EXPECT_EQ(get(request("/to-http")), "invalid_argument bad_url");
}

TEST_F(FetchTest, RefusesAddressesThatAreNotPublic) {
  auto wanted = request("/list");
  wanted.reach = FetchReach::public_only;
  EXPECT_EQ(get(wanted), "denied address_not_public");
  for (const std::string_view url :
       {"https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://localhost/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://169.254.169.254/latest/",
        "https://10.0.0.1/", "https://0/"}) {
    wanted.url = url;
    EXPECT_EQ(get(wanted), "denied address_not_public") << url;
  }
}

TEST_F(FetchTest, ChecksTheCertificateAndItsName) {
  auto wanted = request("/list");
  wanted.ca_file.clear();  // the machine's roots do not know our certificate
  EXPECT_EQ(get(wanted), "denied certificate");
  wanted = request("/list");
  const auto port = server_->addresses().front().port;
  wanted.url = "https://localhost:" + std::to_string(port) + "/list";
  EXPECT_EQ(get(wanted), "denied certificate");
}

TEST_F(FetchTest, ReachesItsLimits) {
  auto wanted = request("/large");
  wanted.size_max = 4'999;
  EXPECT_EQ(get(wanted), "limit_exceeded body_too_large");
  wanted.size_max = 5'000;
  EXPECT_EQ(get(wanted).size(), 5'000U);
  wanted.url = "https://h.example/" + std::string(fetch_url_size_max, 'a');
  EXPECT_EQ(get(wanted), "invalid_argument bad_url");
}

TEST_F(FetchTest, TellsFailuresApart) {
  EXPECT_EQ(get(request("/gone")), "not_found ");
  for (const std::string_view url :
       {"", "http://h.example/", "file:///etc/passwd", "https://", "ftp://h.example/"}) {
    auto wanted = request("");
    wanted.url = url;
    EXPECT_EQ(get(wanted), "invalid_argument bad_url") << url;
  }
  auto injected = request("/list");
  injected.etag = "\"x\"\r\nX-Evil: 1";
  EXPECT_EQ(get(injected), "invalid_argument bad_validator");
  const auto refused = fetch(request("/list"), [](Bytes) -> Result<void> {
    return fail(ErrorCode::malformed, "not a list", "not_a_list");
  });
  EXPECT_EQ(refused.error().reason, "not_a_list");
}

}  // namespace
}  // namespace khien::http
