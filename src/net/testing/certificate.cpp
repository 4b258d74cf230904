#include "net/testing/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>

#include "base/assert.h"

namespace khien::net::testing {

void write_certificate(const std::filesystem::path& folder, const CertificateOptions& options) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.not_before_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.not_after_s);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("server.test"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, options.names.c_str());
  KHIEN_ASSERT(names != nullptr);
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

crypto::Sha256Digest pin_of_file(const std::filesystem::path& file) {
  std::FILE* opened = std::fopen(file.c_str(), "r");
  KHIEN_ASSERT(opened != nullptr);
  X509* certificate = PEM_read_X509(opened, nullptr, nullptr, nullptr);
  std::fclose(opened);
  unsigned char* encoded = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded);
  KHIEN_ASSERT(size > 0);
  const auto pin = crypto::sha256(Bytes{encoded, static_cast<std::size_t>(size)});
  OPENSSL_free(encoded);
  X509_free(certificate);
  return pin;
}

CertificateFolder::CertificateFolder(const CertificateOptions& options) {
  std::string name = (std::filesystem::temp_directory_path() / "khien-tls-XXXXXX").string();
  KHIEN_ASSERT(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
  write_certificate(folder_, options);
}

CertificateFolder::~CertificateFolder() {
  std::error_code error;
  std::filesystem::remove_all(folder_, error);
}

}  // namespace khien::net::testing
