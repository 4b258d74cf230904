// How often a client's network (/24, /56) may do what costs us work or tries a secret. Officers
// behind a session are not limited here: identity limits what they could guess.
#pragma once

#include <vector>

#include "http/rate_limit.h"

namespace khien::api {

/// Whole schools and offices stand behind one address, so the bursts are those of a class of
/// pupils; a program that guesses gets its long-run rate.
[[nodiscard]] inline std::vector<http::RateClass> rate_classes() {
  return {
      {.name = "report", .burst = 60, .per_minute = 60},  // writes, some with a picture
      {.name = "code", .burst = 30, .per_minute = 20},   // tries of a reporter's or objector's code
      {.name = "appeal", .burst = 10, .per_minute = 5},  // writes
      {.name = "sign-in", .burst = 30, .per_minute = 20},  // hashes a password: 64 MB, 0.1 s
      {.name = "resolver",
       .burst = 60,
       .per_minute = 60},                               // reports of resolvers: up to 20,000 rows
      {.name = "list", .burst = 60, .per_minute = 30},  // files of some 40 MB, made on demand
      {.name = "probe",
       .burst = 60,
       .per_minute = 60},  // work lists and statements of probes: up to 200 names
      {.name = "read", .burst = 120, .per_minute = 120},  // reads of the database
      {.name = "page", .burst = 600, .per_minute = 600},  // files and plain pages
  };
}

}  // namespace khien::api
