#include "notice/provider_task.h"

namespace khien::notice {
namespace {

std::string part(const Texts& texts, std::string_view language, const ProviderTaskNotice& notice) {
  const auto text = [&](std::string_view key) { return texts(language, key); };
  const auto line = [&](std::string_view key, std::string_view value) {
    return text(key) + ": " + std::string{value} + "\n";
  };
  return text("mail.provider") + "\n\n" + line("mail.provider.who", notice.provider) +
         line("mail.provider.names", std::to_string(notice.names)) +
         line("mail.provider.due", notice.due) + line("mail.provider.open", notice.link) +
         line("mail.provider.code", notice.code) + "\n" + text("mail.provider.why") + "\n";
}

}  // namespace

Mail provider_task_mail(const Texts& texts, const ProviderTaskNotice& notice) {
  return {.to = {},
          .subject = texts("vi", "mail.provider.subject"),
          .text = part(texts, "vi", notice) + "\n---\n\n" + part(texts, "en", notice)};
}

}  // namespace khien::notice
