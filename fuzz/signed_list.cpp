// What a proxy's helper reads from outside, on any octets; the first octet chooses: a signature
// file and its comment, a key, a list of addresses, a line of Squid. The one form of an address is
// its own form, every rule covers itself, an answer is one line.
#include <algorithm>
#include <string>

#include "base/assert.h"
#include "cases/url_target.h"
#include "exchange/minisign.h"
#include "exchange/signed_list.h"
#include "exchange/squid.h"
#include "exchange/url_list.h"
#include "text/utf8.h"
#include "text/web_target.h"

using namespace khien;

namespace {

void read_signature(std::string_view text) {
  const exchange::MinisignPublicKey key{crypto::Ed25519PublicKey{}};
  const auto digest = crypto::Blake2b{}.update(text).finish();
  KHIEN_ASSERT(!exchange::verify_minisign(key, digest, text).has_value());
  const auto parsed = exchange::MinisignPublicKey::parse(text);
  KHIEN_ASSERT(!parsed || *exchange::MinisignPublicKey::parse(parsed->file_text()) == *parsed);
}

void read_comment(std::string_view text) {
  const auto statement = exchange::read_trusted_comment(text);
  if (!statement) return;
  const auto again = exchange::read_trusted_comment(exchange::to_trusted_comment(*statement));
  KHIEN_ASSERT(again && again->file == statement->file &&
               again->expires_at_ms == statement->expires_at_ms);
}

std::string form(const text::WebTarget& target) {
  return target.host + (target.port.empty() ? "" : ":" + target.port) + target.path.value_or("");
}

void read_addresses(std::string_view text) {
  const auto rules = exchange::UrlRules::parse(text);
  const auto target = text::read_web_target(text);
  if (target) {
    const auto again = text::read_web_target(form(*target));
    KHIEN_ASSERT(again && form(*again) == form(*target));
    if (rules) (void)rules->covering(*target);
  }
  const bool one_line = text.find('\n') == std::string_view::npos;
  if (rules && one_line && rules->size() == 1) {
    const auto rule = text::read_web_target(text::trim(text));
    KHIEN_ASSERT(!rule || rules->covering(*rule).has_value());
  }
}

/// What an order names is its own text, and covered by itself.
void read_target(std::string_view text) {
  const auto target = cases::read_url_target(text);
  if (!target) return;
  const auto again = cases::read_url_target(*target);
  KHIEN_ASSERT(again && *again == *target);
  const auto covering = cases::url_targets_covering(text);
  KHIEN_ASSERT(!covering.empty() && covering.front() == *target);
}

void read_question(std::string_view text) {
  const auto question = exchange::read_squid_question(text.substr(0, text.find('\n')));
  if (!question) return;
  const auto line = exchange::to_line({.channel = question->channel, .message = question->target});
  KHIEN_ASSERT(std::ranges::count(line, '\n') == 1 && line.back() == '\n');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto text = as_text(Bytes{data + 1, size - 1});
  switch (data[0] % 4) {
    case 0: read_signature(text); break;
    case 1: read_comment(text); break;
    case 2:
      read_addresses(text);
      read_target(text);
      break;
    default: read_question(text); break;
  }
  return 0;
}
