// What the primary counts for all its followers together; each one's serials: follower_metrics.h.
#pragma once

#include "base/metrics.h"

namespace khien::publish {

struct PrimaryCounters {
  explicit PrimaryCounters(Metrics& metrics);
  Metric& answered;
  Metric& refused;        ///< no rule lets them
  Metric& bad_signature;  ///< TSIG present and wrong
  Metric& malformed;
  Metric& axfr;
  Metric& ixfr;
  Metric& up_to_date;        ///< IXFR answered by one SOA
  Metric& transfers_failed;  ///< the peer went away or was too slow
  Metric& connections_refused;
  Metric& connections_timed_out;
  Metric& connections_open;
  Metric& notify_sent;
  Metric& notify_acknowledged;
  Metric& notify_confirmed;  ///< the follower has asked for the new serial
  Metric& notify_given_up;
};

}  // namespace khien::publish
