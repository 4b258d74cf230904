// The options of khien-dnsd as an operator writes them, before anything is understood: one member
// an option, with its default. describe() declares them to CLI11, in groups; options.cpp gives them
// meaning. A new option is a member here, a line in describe(), and its meaning in options.cpp;
// then run what options_test.cpp prints, which writes it into the package and into the docs.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace khien::dnsd {

struct Written {
  // listening
  std::vector<std::string> listen{"127.0.0.1:5300"};
  std::size_t workers = 1;
  std::string socket = "udp";
  std::string xdp_mode = "auto";
  std::vector<std::string> allow_from;
  std::string refused_clients = "refuse";
  // encrypted
  std::vector<std::string> dot;
  std::vector<std::string> doh;
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> doh_path{"/dns-query"};
  std::vector<std::string> proxy_from;
  std::size_t stream_threads = 1;
  std::size_t stream_connections = 4'096;
  std::size_t network_connections = 1'024;
  std::size_t network_handshakes = 50;
  // upstreams
  std::vector<std::string> upstream;
  std::vector<std::string> forward;
  std::string upstream_ca;
  // rules
  std::vector<std::string> list;
  std::string snapshot;
  std::vector<std::string> primary;
  std::string tsig_key;
  std::string primary_tls_name;
  std::vector<std::string> primary_tls_pin;
  std::string primary_tls_ca;
  std::string primary_tls_cert;
  std::string primary_tls_key;
  std::string rpz;
  std::string trial = "none";
  std::vector<std::string> zones{"pass", "emergency", "orders", "feeds"};
  // policy
  std::vector<std::string> choice;
  std::string policies;
  std::string without_rules = "refuse";
  // answers
  std::string base_url = "http://localhost:8080";
  std::vector<std::string> sinkhole;
  std::string structured_errors = "on";
  std::vector<std::string> contact;
  std::string organisation;
  std::string organisation_language;
  std::string cookies = "on";
  std::string cookie_secret_file;
  // cache
  std::size_t cache_mb = 32;
  std::uint32_t cache_ttl_min = 0;
  std::uint32_t cache_ttl_max = 86'400;
  // telemetry
  std::string status;
  std::size_t new_names_min = 10;
  bool new_names_min_given = false;
  std::string suffix_list;
  std::size_t new_names_learning = 24;
  std::string dnstap;
  std::string dnstap_until;
  std::size_t dnstap_size_mb = 256;
  std::string report_to;
  std::string report_key;
  std::string report_ca;
  std::uint32_t report_interval = 300;
  // operation
  std::string user;
  std::string sandbox = "on";
  bool check = false;
  bool print_config = false;
  bool print_settings = false;
};

/// Declares every option to `app`, to be written into `out`, which is borrowed.
void describe(CLI::App& app, Written& out);

}  // namespace khien::dnsd
