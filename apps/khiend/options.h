// What the operator says on the command line of khiend.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/server.h"
#include "net/address.h"
#include "net/tls_files.h"
#include "notice/mail.h"
#include "providers/work_list.h"
#include "recheck/sample.h"

namespace khien::khiend {

struct Options {
  std::vector<net::SocketAddress> listen;             ///< HTTP
  std::vector<net::SocketAddress> block_listen = {};  ///< plain HTTP for blocked names
  std::vector<net::SocketAddress> dns_listen;         ///< zone transfer, UDP and TCP
  /// Zone transfer over TLS, and its certificate.
  struct DnsTls {
    net::SocketAddress listen;
    net::TlsPairFiles files;
  };
  std::optional<DnsTls> dns_tls = {};
  std::string database;         ///< sqlite:PATH or postgresql://…
  std::filesystem::path state;  ///< keys, zones, evidence, ledger tiles
  std::filesystem::path data;   ///< shipped lists
  std::filesystem::path texts;  ///< i18n/*.json; default beside `data`
  std::filesystem::path web;    ///< built officers' app; empty: none
  std::string public_url;       ///< without a final slash
  std::optional<http::TlsFiles> tls = {};
  std::vector<net::Prefix> trusted_proxies = {};
  std::vector<net::Prefix> metrics_from = {};
  std::optional<notice::MailServer> mail = {};  ///< none: no mail is queued or sent
  std::vector<net::SocketAddress> verify = {};  ///< resolvers whose enforcement is followed
  providers::WorkOptions probe_work = {};       ///< what probes ask beside orders
  /// Where resolvers find probe_work.nonce_zone, UDP; none: there is no such zone.
  std::optional<net::SocketAddress> nonce_listen = {};
  /// Who is asked what became of blocked names; without resolvers nobody looks.
  struct Recheck {
    std::vector<net::SocketAddress> resolvers = {};  ///< that filter nothing
    std::string control = {};                        ///< a good name that they must know
    std::int64_t list_budget = recheck::list_budget_default;
    bool pages = false;      ///< whether listed sites themselves are contacted
    std::string user_agent;  ///< as what
  };
  Recheck recheck = {};
  /// A list that adds more names begins on trial; 0: none does (ADR 0307).
  std::size_t stage_lists_above = 0;
  /// Whether lists of other sources are given on as signed lists.
  bool share_feeds = false;
  /// The name of this publisher beside another one on the same database; empty: it is the only one.
  std::string pair = {};
  bool api = true;
  bool worker = true;
  bool publisher = true;
  bool demo = false;
};

/// Reads the arguments. A printed help text or version is success without options: exit 0.
/// invalid_argument with a sentence for the operator otherwise.
[[nodiscard]] Result<std::optional<Options>> read_options(int argc, const char* const* argv);

}  // namespace khien::khiend
