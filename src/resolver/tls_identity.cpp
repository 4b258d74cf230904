#include "resolver/tls_identity.h"

#include "base/log.h"

namespace khien::resolver {

TlsIdentity::TlsIdentity(TlsPair pair, const Clock& clock, Rng& rng, Metrics& metrics)
    : files_(std::move(pair)),
      clock_(clock),
      reloads_(metrics.counter("khien_dnsd_tls_reloads_total",
                               "Times that a changed certificate was taken into use")),
      failures_(metrics.counter("khien_dnsd_tls_reload_failures_total",
                                "Times that changed certificate files were refused")),
      not_after_(metrics.gauge("khien_dnsd_tls_certificate_not_after_seconds",
                               "End of the certificate in force, seconds since 1970")),
      tickets_(rng, clock.steady_ms()) {}

Result<std::unique_ptr<TlsIdentity>> TlsIdentity::open(TlsPair pair, const Clock& clock, Rng& rng,
                                                       Metrics& metrics) {
  std::unique_ptr<TlsIdentity> identity{
      new TlsIdentity(std::move(pair), clock, rng, metrics)};  // NOLINT
  static_cast<void>(identity->files_.look());
  if (auto loaded = identity->load(); !loaded) return tl::unexpected(std::move(loaded).error());
  return identity;
}

bool TlsIdentity::is_over(std::int64_t not_after_s) const noexcept {
  return clock_.now_ms() / ms_per_second > not_after_s;
}

Result<void> TlsIdentity::load() {
  const auto make = [this](std::string alpn) {
    return net::TlsContext::server({.certificate = files_.pair().certificate,
                                    .key = files_.pair().key,
                                    .alpn = {std::move(alpn)},
                                    .tickets = &tickets_});
  };
  auto dot = make("dot");
  if (!dot) return tl::unexpected(std::move(dot).error());
  auto doh = make("h2");
  if (!doh) return tl::unexpected(std::move(doh).error());
  const std::int64_t not_after_s = doh->not_after_s();
  const bool is_first = contexts_.get() == nullptr;
  if (is_over(not_after_s)) {
    // The first one is used all the same: an old certificate must not take plain DNS down with it.
    if (!is_first) {
      return fail(ErrorCode::conflict, "TLS certificate " + files_.pair().certificate.string() +
                                           ": it is over already; renew it");
    }
    KHIEN_LOG(error, "tls_certificate_over", {"file", files_.pair().certificate.string()});
  }
  contexts_.publish(std::make_shared<const TlsContexts>(
      TlsContexts{.dot = std::move(*dot), .doh = std::move(*doh)}));
  not_after_.set(not_after_s);
  return {};
}

void TlsIdentity::poll() {
  tickets_.rotate(clock_.steady_ms());
  if (!files_.look()) return;
  if (auto loaded = load(); !loaded) {
    failures_.add();
    failure_ = loaded.error().message;
    KHIEN_LOG(error, "tls_reload_refused", {"why", failure_});
    return;
  }
  failure_.clear();
  reloads_.add();
  KHIEN_LOG(info, "tls_reloaded", {"file", files_.pair().certificate.string()});
}

std::string TlsIdentity::health() const {
  if (!failure_.empty()) return "tls: the last good certificate stays in force: " + failure_ + "\n";
  if (is_over(not_after_.value())) return "tls: the certificate is over; renew it\n";
  return "tls: certificate in force\n";
}

}  // namespace khien::resolver
