// The mail that tells a provider's people that orders are not as they should be on their lines: how
// many names, until when, where to answer, and the code that opens the page. No name stands in it:
// mail passes many hands.
#pragma once

#include <cstdint>
#include <string>

#include "notice/mail.h"
#include "notice/second_signer.h"

namespace khien::notice {

struct ProviderTaskNotice {
  std::string provider;
  std::int64_t names = 0;
  std::string due;   ///< a moment in Vietnam's time as people read it
  std::string link;  ///< PUBLIC_URL/provider
  std::string code;
};

/// In Vietnamese, then in English; `to` stays empty.
[[nodiscard]] Mail provider_task_mail(const Texts& texts, const ProviderTaskNotice& notice);

}  // namespace khien::notice
