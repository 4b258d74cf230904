#include "publish/primary_counters.h"

namespace khien::publish {

PrimaryCounters::PrimaryCounters(Metrics& metrics)
    : answered(metrics.counter("khien_primary_queries_total", "Queries to the zone primary",
                               "outcome=\"answered\"")),
      refused(metrics.counter("khien_primary_queries_total", "Queries to the zone primary",
                              "outcome=\"refused\"")),
      bad_signature(metrics.counter("khien_primary_queries_total", "Queries to the zone primary",
                                    "outcome=\"bad_signature\"")),
      malformed(metrics.counter("khien_primary_queries_total", "Queries to the zone primary",
                                "outcome=\"malformed\"")),
      axfr(metrics.counter("khien_primary_transfers_total", "Zone transfers begun",
                           "kind=\"axfr\"")),
      ixfr(metrics.counter("khien_primary_transfers_total", "Zone transfers begun",
                           "kind=\"ixfr\"")),
      up_to_date(metrics.counter("khien_primary_transfers_total", "Zone transfers begun",
                                 "kind=\"up_to_date\"")),
      transfers_failed(metrics.counter("khien_primary_transfers_failed_total",
                                       "Zone transfers that the peer or its slowness ended")),
      connections_refused(metrics.counter("khien_primary_connections_refused_total",
                                          "TCP connections closed at a maximum")),
      connections_timed_out(metrics.counter("khien_primary_connections_timed_out_total",
                                            "TCP connections closed for silence")),
      handshakes_failed(metrics.counter("khien_primary_tls_handshakes_failed_total",
                                        "TLS connections that ended before their handshake did")),
      connections_open(metrics.gauge("khien_primary_connections_open", "TCP connections now")),
      notify_sent(metrics.counter("khien_primary_notify_sent_total", "NOTIFY messages sent")),
      notify_acknowledged(
          metrics.counter("khien_primary_notify_acknowledged_total", "NOTIFY messages answered")),
      notify_confirmed(metrics.counter("khien_primary_notify_confirmed_total",
                                       "Followers that asked for what a NOTIFY told them")),
      notify_given_up(metrics.counter("khien_primary_notify_given_up_total",
                                      "NOTIFYs that no follower acted on, however often told")) {}

}  // namespace khien::publish
