// Checks of what khien-dnsd must keep to itself: keys of transfers, cookie secrets, the
// certificate's key, the key for reports; and whether certificate and keys will do.
#include <sys/stat.h>

#include "check.h"
#include "net/tls_context.h"
#include "resolver/transfer_key.h"

namespace khien::dnsd {
namespace {

using Level = Finding::Level;

constexpr std::int64_t renew_before_s = std::int64_t{21} * 24 * 3'600;  // three weeks
constexpr std::int64_t seconds_per_day = 24 * 3'600;

bool is_open_to_all(const std::filesystem::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IRWXO) != 0;
}

Finding open_to_all(std::string item, const std::filesystem::path& path, std::string_view harm) {
  return {
      Level::wrong, std::move(item),
      "everybody may read it, and who has it " + std::string{harm} + ": chmod o= " + path.string()};
}

void check_key(const std::string& item, const std::filesystem::path& path, Findings& out) {
  if (auto key = resolver::read_key(path); !key) {
    out.push_back({Level::wrong, item, key.error().message});
  } else if (is_open_to_all(path)) {
    out.push_back(open_to_all(item, path, "can feed us rules"));
  } else {
    out.push_back({Level::good, item, "key " + key->name.to_text()});
  }
}

Finding lifetime(const std::string& item, std::int64_t not_after_s) {
  const std::int64_t left_s = not_after_s - SystemClock{}.now_ms() / ms_per_second;
  if (left_s < 0) {
    return {Level::doubtful, item,
            "the certificate is over, and clients refuse it: renew it; the files are read again "
            "when they change"};
  }
  const std::string days = std::to_string(left_s / seconds_per_day) + " days";
  if (left_s < renew_before_s) {
    return {Level::doubtful, item, "ends in " + days + ": renew it"};
  }
  return {Level::good, item, "belongs to its key, good for " + days};
}

}  // namespace

void check_keys(const Options& options, Findings& out) {
  if (!options.tsig_key.empty()) {
    check_key("--tsig-key " + options.tsig_key.string(), options.tsig_key, out);
  }
  for (const auto& rpz : options.service.rpz) {
    const auto& path = rpz.primary.key_file;
    if (!path.empty()) check_key("key of zone " + rpz.zone.name + " " + path.string(), path, out);
  }
}

void check_cookies(const Options& options, Findings& out) {
  const auto& path = options.service.cookie_secret_file;
  if (path.empty()) return;
  const std::string item = "--cookie-secret-file " + path.string();
  const auto secrets = resolver::read_cookie_secrets(path);
  if (!secrets) {
    out.push_back({Level::wrong, item, secrets.error().message});
  } else if (is_open_to_all(path)) {
    out.push_back(open_to_all(item, path, "can pretend to be any client of ours"));
  } else if (secrets->previous == secrets->current) {
    out.push_back({Level::doubtful, item,
                   "both lines are the same: the second is the secret before, for an hour after a "
                   "change"});
  } else {
    out.push_back(
        {Level::good, item, secrets->previous ? "a secret, and the one before it" : "a secret"});
  }
}

void check_certificate(const Options& options, Findings& out) {
  const resolver::StreamOptions& streams = options.service.streams;
  if (streams.dot.empty() && streams.doh.empty()) return;
  const resolver::TlsPair& tls = streams.tls;
  if (tls.certificate.empty() || tls.key.empty()) {
    out.push_back({Level::wrong, "--tls-cert",
                   "--dot and --doh need it and --tls-key: a certificate for the name by which "
                   "clients know this server"});
    return;
  }
  const std::string item = "--tls-cert " + tls.certificate.string();
  const auto context = net::TlsContext::server(
      {.certificate = tls.certificate, .key = tls.key, .alpn = {"dot"}, .tickets = nullptr});
  if (!context) {
    out.push_back({Level::wrong, item, context.error().message});
    return;
  }
  if (is_open_to_all(tls.key)) {
    out.push_back(
        open_to_all("--tls-key " + tls.key.string(), tls.key, "can stand in for this server"));
  }
  out.push_back(lifetime(item, context->not_after_s()));
}

void check_reports(const Options& options, Findings& out) {
  const auto& report = options.service.report;
  if (!report) return;
  const std::string item = "--report-key " + report->key_file.string();
  if (auto key = resolver::read_report_key(report->key_file); !key) {
    out.push_back({Level::wrong, item, key.error().message});
  } else if (is_open_to_all(report->key_file)) {
    out.push_back(open_to_all(item, report->key_file, "can report in our name"));
  } else {
    out.push_back({Level::good, item, "a key"});
  }
  const std::string to = "--report-to " + to_string(report->url);
  if (report->url.is_encrypted) {
    const auto tls = net::TlsContext::client({.authorities = report->authorities});
    if (!tls) {
      out.push_back({Level::wrong, to, tls.error().message});
      return;
    }
  }
  out.push_back({Level::good, to,
                 "every " + std::to_string(report->interval_ms / ms_per_second) +
                     " s; whether it answers is seen in /healthz"});
}

}  // namespace khien::dnsd
