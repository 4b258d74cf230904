// The mail that lists orders which rechecks propose to lift: what was found, when each lapses by
// itself, and where to decide. One mail for all of them. It holds no personal data and no evidence;
// names stand so that no mail program makes a link of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/category.h"
#include "notice/mail.h"
#include "notice/second_signer.h"

namespace khien::notice {

/// The kind of the jobs (store/jobs.h) that send it: one person.
constexpr std::string_view job_proposals_mail = "mail.lift_proposals";
constexpr std::size_t proposed_lifts_told_max = 40;  // in one mail; the rest is counted

struct ProposedLift {
  std::string number;  ///< of the order
  std::string name;    ///< A-labels; left out of the mail for child abuse
  Category category = Category::phishing;
  std::string finding;  ///< its word, as in "finding.WORD" of the catalogue
  std::string lapses;   ///< a moment in Vietnam's time as people read it
  std::string link;     ///< PUBLIC_URL/app/orders/ID
};

struct ProposedLifts {
  std::string language;
  std::int64_t total = 0;  ///< that are open; `items` may be fewer
  std::vector<ProposedLift> items =
      {};            ///< the soonest to lapse first; proposed_lifts_told_max at most
  std::string link;  ///< PUBLIC_URL/app/orders/proposals
};

/// Subject and text; `to` stays empty.
[[nodiscard]] Mail lift_proposals_mail(const Texts& texts, const ProposedLifts& lifts);

}  // namespace khien::notice
