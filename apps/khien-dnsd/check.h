// khien-dnsd --check: looks at everything that a start would need and says, item by item, whether
// it is there and what to do where it is not. It binds nothing, asks nobody and writes nothing, so
// it may run beside the service. A new feature adds a function to the list in check.cpp.
#pragma once

#include <string>
#include <vector>

#include "options.h"

namespace khien::dnsd {

struct Finding {
  enum class Level {
    good,
    doubtful,  ///< it starts, and may not do what was meant
    wrong,     ///< it would not start, or would harm others
  };
  Level level = Level::good;
  std::string item;  ///< "--list phishing=/etc/khien/phishing.txt"
  std::string says;  ///< what is, or what is wrong and what to do
};
using Findings = std::vector<Finding>;

[[nodiscard]] Findings check_all(const Options& options);

/// A line for each finding on standard output. The exit code: 78 (EX_CONFIG) if anything is wrong.
int print_findings(const Findings& findings);

// The checks: each looks at one kind of thing. check_network.cpp
void check_ports(const Options& options, Findings& out);
void check_clients(const Options& options, Findings& out);
void check_upstreams(const Options& options, Findings& out);
void check_descriptors(const Options& options, Findings& out);
// check_files.cpp
void check_lists(const Options& options, Findings& out);
void check_policies(const Options& options, Findings& out);
void check_snapshot(const Options& options, Findings& out);
void check_telemetry(const Options& options, Findings& out);
void check_user(const Options& options, Findings& out);
// check_secrets.cpp
void check_keys(const Options& options, Findings& out);
void check_cookies(const Options& options, Findings& out);
void check_certificate(const Options& options, Findings& out);
void check_reports(const Options& options, Findings& out);

}  // namespace khien::dnsd
