#include "notice/second_signer.h"

#include "notice/filled.h"

namespace khien::notice {

std::string defanged(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '.') {
      out += "[.]";
    } else {
      out += c;
    }
  }
  return out;
}

Mail second_signature_mail(const Texts& texts, const SecondSignatureRequest& request) {
  const auto text = [&](std::string_view key) { return texts(request.language, key); };
  const bool unspoken = request.category == Category::child_abuse;
  const std::string kind = request.emergency ? "mail.sign.emergency" : "mail.sign.proposed";
  const bool third = request.signatures == 2;
  const auto category = text("category." + std::string{to_string(request.category)});
  const auto name = unspoken ? text("mail.sign.no-name") : defanged(request.name);
  const auto line = [&](std::string_view key, std::string_view value) {
    return value.empty() ? std::string{} : text(key) + ": " + std::string{value} + "\n";
  };
  return {.to = {},
          .subject = filled(text(kind + ".subject"), {{"number", request.number}}),
          .text = filled(text(third ? "mail.sign.third" : kind),
                         {{"number", request.number}, {"due", request.due}}) +
                  "\n\n" + line("mail.sign.name", name) + line("mail.sign.category", category) +
                  line(kind + ".due", request.due) + line("mail.sign.ends", request.ends) + "\n" +
                  text("mail.sign.open") + "\n" + request.link + "\n\n" + text("mail.sign.why") +
                  "\n"};
}

}  // namespace khien::notice
