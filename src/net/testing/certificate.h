// For tests: a folder with a self-signed certificate and its key, made for the test and gone with
// it.
#pragma once

#include <filesystem>
#include <string>

#include "crypto/hash.h"

namespace khien::net::testing {

struct CertificateOptions {
  std::string names = "DNS:server.test,IP:127.0.0.1";  ///< subjectAltName, as OpenSSL writes it
  long not_before_s = -60;                             ///< from now
  long not_after_s = 3'600;
};

/// Writes cert.pem and key.pem, an ECDSA pair; replaces what is there.
void write_certificate(const std::filesystem::path& folder, const CertificateOptions& options = {});

/// SHA-256 of the SubjectPublicKeyInfo of the certificate in `file`.
[[nodiscard]] crypto::Sha256Digest pin_of_file(const std::filesystem::path& file);

class CertificateFolder {
 public:
  explicit CertificateFolder(const CertificateOptions& options = {});
  CertificateFolder(const CertificateFolder&) = delete;
  CertificateFolder& operator=(const CertificateFolder&) = delete;
  ~CertificateFolder();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return folder_; }
  [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "cert.pem"; }
  [[nodiscard]] std::filesystem::path key() const { return folder_ / "key.pem"; }

 private:
  std::filesystem::path folder_;
};

}  // namespace khien::net::testing
