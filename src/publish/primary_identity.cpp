#include "publish/primary_identity.h"

#include "base/log.h"

namespace khien::publish {

PrimaryIdentity::PrimaryIdentity(net::TlsPairFiles files, const Clock& clock, Metrics& metrics)
    : files_(std::move(files)),
      clock_(clock),
      reloads_(metrics.counter("khien_primary_tls_reloads_total",
                               "Times that a changed certificate was taken into use")),
      failures_(metrics.counter("khien_primary_tls_reload_failures_total",
                                "Times that changed certificate files were refused")),
      not_after_(metrics.gauge("khien_primary_tls_certificate_not_after_seconds",
                               "End of the certificate in force, seconds since 1970")) {}

Result<std::unique_ptr<PrimaryIdentity>> PrimaryIdentity::open(net::TlsPairFiles files,
                                                               const Clock& clock,
                                                               Metrics& metrics) {
  std::unique_ptr<PrimaryIdentity> identity{
      new PrimaryIdentity(std::move(files), clock, metrics)};  // NOLINT
  static_cast<void>(identity->files_.look());
  if (auto loaded = identity->load(); !loaded) return tl::unexpected(std::move(loaded).error());
  return identity;
}

Result<void> PrimaryIdentity::load() {
  auto context = net::TlsContext::server({.certificate = files_.pair().certificate,
                                          .key = files_.pair().key,
                                          .alpn = {"dot"},
                                          .version_min = net::TlsVersion::v1_3,
                                          .clients = net::ClientCertificates::asked});
  if (!context) return tl::unexpected(std::move(context).error());
  not_after_.set(context->not_after_s());
  context_.publish(std::make_shared<const net::TlsContext>(std::move(*context)));
  return {};
}

void PrimaryIdentity::poll() {
  if (!files_.look()) return;
  auto loaded = load();
  *failure_.lock() = loaded ? std::string{} : loaded.error().message;
  if (loaded) {
    reloads_.add();
    KHIEN_LOG(info, "zone_tls_reloaded", {"file", files_.pair().certificate.string()});
  } else {
    failures_.add();
    KHIEN_LOG(error, "zone_tls_reload_refused", {"why", loaded.error().message});
  }
}

std::string PrimaryIdentity::problem() {
  if (auto failure = failure_.lock(); !failure->empty()) {
    return "the last good certificate stays in force: " + *failure;
  }
  const bool is_over = clock_.now_ms() / ms_per_second > not_after_.value();
  return is_over ? "the certificate is over; renew it" : "";
}

}  // namespace khien::publish
