#include "notice/second_signer.h"

#include <array>
#include <utility>

namespace khien::notice {
namespace {

/// `text` with each {{key}} filled in, once from the left: what is filled in is not read again.
std::string filled(std::string_view text,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!text.empty()) {
    const auto open = text.find("{{");
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) break;
    const auto key = text.substr(open + 2, close - open - 2);
    out += text.substr(0, open);
    for (const auto& [name, value] : values) {
      if (name == key) out += value;
    }
    text.remove_prefix(close + 2);
  }
  out += text;
  return out;
}

}  // namespace

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
