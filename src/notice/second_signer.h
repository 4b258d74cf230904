// The mail that asks a person for the second signature: which order, how urgent, until when, and a
// link into the app. It holds no personal data and no evidence, and the name stands so that no mail
// program makes a link of it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/category.h"
#include "notice/mail.h"

namespace khien::notice {

/// The kind of the jobs (store/jobs.h) that send it: one order, one person.
constexpr std::string_view job_signer_mail = "mail.second_signature";

/// A text of the catalogue (i18n/*.json) in a language, "vi" or "en".
using Texts = std::function<std::string(std::string_view language, std::string_view key)>;

struct SecondSignatureRequest {
  std::string language;
  std::string number;  ///< of the order
  std::string name;    ///< A-labels; left out of the mail for child abuse
  Category category = Category::phishing;
  bool emergency = false;  ///< in force with one signature, and lapses at `due`
  int signatures = 1;      ///< given already: 2 where a third is needed
  std::string due;         ///< a moment in Vietnam's time as people read it; empty: none
  std::string ends;        ///< the order's end date likewise
  std::string link;        ///< PUBLIC_URL/app/orders/ID
};

/// Subject and text; `to` stays empty.
[[nodiscard]] Mail second_signature_mail(const Texts& texts, const SecondSignatureRequest& request);

/// "ngan-hang[.]example": a name that nobody opens by a slip of the finger.
[[nodiscard]] std::string defanged(std::string_view name);

}  // namespace khien::notice
