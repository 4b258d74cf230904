#include "text/extract.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

#include "text/extract_scan.h"
#include "text/host.h"
#include "text/ip.h"
#include "text/normalise.h"
#include "text/phone.h"
#include "text/url.h"
#include "text/utf8.h"

namespace khien::text {
namespace {

constexpr std::size_t joint_spaces_max = 2;   // "abc  .  com" is one name, a wider gap is not
constexpr std::size_t labels_max = 127;       // RFC 1035: 255 octets
constexpr std::size_t spaced_labels_max = 6;  // people do not space out longer names
constexpr std::size_t label_gap_max = 30;     // "STK Ngân hàng Ngoại thương: 0123…"
constexpr std::size_t account_digits_min = 6;
constexpr std::size_t account_digits_max = 19;

bool is_host_word(char c) noexcept { return is_word(c) || c == '-' || c == '_'; }
bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t'; }

bool ends_token(char c) noexcept {
  return is_space(c) || c == '"' || c == '<' || c == '>' || c == '`' || c == ScanText::foreign_sign;
}

// Names people use in training and demos (RFC 2606); the suffix list does not have them.
bool is_training_name(std::string_view host) noexcept {
  return is_at_or_below(host, "example") || is_at_or_below(host, "test");
}

// File names whose ending is also a top-level domain. Only for bare names of two labels.
bool looks_like_file(std::string_view host) noexcept {
  static constexpr std::array<std::string_view, 5> endings{"zip", "mov", "md", "py", "sh"};
  const auto dot = host.find('.');
  return std::find(endings.begin(), endings.end(), host.substr(dot + 1)) != endings.end();
}

class Extractor {
 public:
  Extractor(std::string text, const PublicSuffixList& suffixes)
      : text_(std::move(text)), suffixes_(suffixes) {}

  Extraction run() {
    find_urls();
    find_emails();
    find_accounts();
    find_hosts();
    find_ipv6();
    find_phones();
    return std::move(result_);
  }

 private:
  // ---- shared
  void add(FoundKind kind, std::string value, std::string host, std::size_t from, std::size_t to) {
    if (!text_.take(from, to)) return;
    if (!seen_.insert({kind, value}).second) return;
    if (result_.found.size() == extract_found_max) {
      result_.cut = true;
      return;
    }
    result_.found.push_back(
        {kind, std::move(value), std::move(host), std::string{text_.written(from, to)}});
  }

  bool is_known(std::string_view host) const {
    if (is_training_name(host)) return host.find('.') != std::string_view::npos;
    const auto suffix = suffixes_.listed_suffix(host);
    return !suffix.empty() && suffix.size() < host.size();
  }

  std::size_t skip_spaces(std::size_t at, std::size_t count_max) const {
    std::size_t end = at;
    while (end - at < count_max && text_.at(end) == ' ') ++end;
    return end;
  }

  std::size_t word_end(std::size_t at) const {
    while (is_host_word(text_.at(at))) ++at;
    return at;
  }

  // The end of a whole token without the punctuation of the sentence around it.
  std::size_t token_end(std::size_t from) const {
    std::size_t end = from;
    const std::size_t stop = std::min(text_.size(), from + url_size_max + 1);
    while (end < stop && !ends_token(text_.at(end))) ++end;
    // A closing bracket belongs to the address only if its opening one does.
    const auto token = std::string_view{text_.plain()}.substr(from, end - from);
    auto surplus =
        std::count(token.begin(), token.end(), ')') - std::count(token.begin(), token.end(), '(');
    while (end > from) {
      const char last = text_.at(end - 1);
      if (last == ')' && surplus-- <= 0) break;
      if (std::string_view{".,;:!?'\")]}"}.find(last) == std::string_view::npos) break;
      --end;
    }
    return end;
  }

  // ---- names, tight ("abc.com") and with spaces around dots ("abc . com")
  struct Name {
    std::string host;
    std::size_t end;
  };

  // Joins labels from `from`; a joint with spaces counts only if one stands before the dot, as no
  // sentence has, and if the longer name is below a known suffix.
  std::optional<Name> name_at(std::size_t from) const {
    std::size_t end = word_end(from);
    if (end == from) return std::nullopt;
    std::string joined{text_.written(from, end)};
    std::optional<Name> best;
    bool spaced = false;
    for (std::size_t labels = 1; labels < (spaced ? spaced_labels_max : labels_max); ++labels) {
      std::size_t dot = end;
      if (text_.at(dot) != '.') {
        dot = skip_spaces(end, joint_spaces_max);
        if (dot == end || text_.at(dot) != '.') break;
        spaced = true;
      }
      const std::size_t next = spaced ? skip_spaces(dot + 1, joint_spaces_max) : dot + 1;
      const std::size_t next_end = word_end(next);
      if (next_end == next) break;
      joined += ".";
      joined += text_.written(next, next_end);
      end = next_end;
      if (auto host = host_from(joined); host && (!spaced || is_known(*host))) {
        best = Name{std::move(*host), end};
      }
    }
    return best;
  }

  // ---- URLs with a scheme
  void find_urls() {
    for (std::size_t at = text_.plain().find("http"); at != std::string::npos;
         at = text_.plain().find("http", at + 1)) {
      if (const auto after = scheme_end(at)) read_url_at(at, *after);
    }
  }

  // Past "://", also written "https : // ".
  std::optional<std::size_t> scheme_end(std::size_t at) const {
    at += 4;
    if (text_.at(at) == 's') ++at;
    at = skip_spaces(at, joint_spaces_max);
    if (text_.at(at) != ':') return std::nullopt;
    at = skip_spaces(at + 1, joint_spaces_max);
    if (text_.at(at) != '/') return std::nullopt;
    while (text_.at(at) == '/') ++at;
    return skip_spaces(at, joint_spaces_max);
  }

  void read_url_at(std::size_t from, std::size_t authority) {
    const std::size_t tight_end = token_end(authority);
    const std::string scheme = text_.plain().compare(from, 5, "https") == 0 ? "https" : "http";
    const auto read = [&](std::size_t end) {
      return read_url(scheme + "://" + std::string{text_.written(authority, end)});
    };
    const auto tight = read(tight_end);
    const bool dotted = tight && (tight->host_is_ip || tight->host.find('.') != std::string::npos);
    if (dotted && (tight->host_is_ip || is_known(tight->host))) {
      return add_url(*tight, from, tight_end);
    }
    const auto name = name_at(authority);
    if (name && name->end > tight_end && is_known(name->host)) {
      const std::size_t end = text_.at(name->end) == '/' ? token_end(name->end) : name->end;
      if (const auto spaced = read(end)) return add_url(*spaced, from, end);
    }
    if (dotted) add_url(*tight, from, tight_end);
  }

  void add_url(const Url& url, std::size_t from, std::size_t to) {
    add(FoundKind::url, to_string(url), url.host_is_ip ? std::string{} : url.host, from, to);
  }

  // ---- e-mail
  void find_emails() {
    for (std::size_t at = text_.plain().find('@'); at != std::string::npos;
         at = text_.plain().find('@', at + 1)) {
      std::size_t from = at;
      while (from > 0 && is_local_part(text_.at(from - 1))) --from;
      const auto name = name_at(at + 1);
      if (from == at || !name || !is_known(name->host)) continue;
      add(FoundKind::email, text_.plain().substr(from, at - from) + "@" + name->host, name->host,
          from, name->end);
    }
  }

  static bool is_local_part(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'z') ||
           std::string_view{"._%+-"}.find(c) != std::string_view::npos;
  }

  // ---- bank accounts
  struct Label {
    std::string_view word;
    std::size_t gap_max;  // characters between label and digits
  };

  void find_accounts() {
    // A weak label also starts sentences about accounts, so digits must follow at once.
    static constexpr std::array<Label, 8> labels{{{"so tai khoan", label_gap_max},
                                                  {"so tk", label_gap_max},
                                                  {"stk", label_gap_max},
                                                  {"account number", label_gap_max},
                                                  {"account no", label_gap_max},
                                                  {"tai khoan", 3},
                                                  {"account", 3},
                                                  {"tk", 3}}};
    for (const Label& label : labels) {
      for (std::size_t at = text_.plain().find(label.word); at != std::string::npos;
           at = text_.plain().find(label.word, at + 1)) {
        const std::size_t end = at + label.word.size();
        const bool whole = (at == 0 || !is_word(text_.at(at - 1))) &&
                           (is_digit(text_.at(end)) || !is_word(text_.at(end)));
        if (whole) account_after(end, label.gap_max);
      }
    }
  }

  void account_after(std::size_t at, std::size_t gap_max) {
    std::size_t from = at;
    while (from - at <= gap_max && !is_digit(text_.at(from))) {
      if (std::string_view{"\n!?;,"}.find(text_.at(from)) != std::string_view::npos) return;
      ++from;
    }
    if (!is_digit(text_.at(from)) || names_other_number(text_.plain().substr(at, from - at))) {
      return;
    }
    std::string digits;
    std::size_t end = from;
    for (std::size_t i = from; digits.size() <= account_digits_max; ++i) {
      if (is_digit(text_.at(i))) {
        digits.push_back(text_.at(i));
        end = i + 1;
      } else if (!is_digit(text_.at(i + 1)) ||
                 std::string_view{" .-"}.find(text_.at(i)) == std::string_view::npos) {
        break;
      }
    }
    if (digits.size() < account_digits_min || digits.size() > account_digits_max) return;
    if (is_word(text_.at(end)) || is_money(end)) return;
    add(FoundKind::bank_account, digits, {}, from, end);
  }

  static bool names_other_number(std::string_view gap) {
    static constexpr std::array<std::string_view, 8> words{"goi",  "sdt", "dien thoai", "hotline",
                                                           "zalo", "otp", "ma ",        "lien he"};
    return std::any_of(words.begin(), words.end(), [gap](std::string_view word) {
      return gap.find(word) != std::string_view::npos;
    });
  }

  // "500000 đồng", "200k", "1.000.000đ": an amount, not a number to call or pay to.
  bool is_money(std::size_t end) const {
    end = skip_spaces(end, joint_spaces_max);
    const std::size_t stop = word_end(end);
    const std::string word = text_.plain().substr(std::min(end, text_.size()), stop - end);
    return word == "d" || word == "dong" || word == "vnd" || word == "k" || word == "tr" ||
           word == "trieu" || word == "usd";
  }

  // ---- bare hosts, IPv4, and hosts with a path but no scheme
  void find_hosts() {
    for (std::size_t at = 0; at < text_.size();) {
      if (!is_word(text_.at(at))) {
        ++at;
        continue;
      }
      const std::size_t end = word_end(at);
      const char before = at == 0 ? ' ' : text_.at(at - 1);
      const bool starts = before != '.' && before != '@' && before != '/' && before != '-' &&
                          before != '_' && before != ScanText::foreign_sign;
      at = starts && !text_.is_taken(at) ? std::max(end, host_at(at)) : end;
    }
  }

  // Where the search goes on.
  std::size_t host_at(std::size_t from) {
    if (const std::size_t end = ipv4_at(from); end != from) return end;
    const auto name = name_at(from);
    if (!name || !is_known(name->host) || looks_like_file(name->host)) return from;
    if (text_.at(name->end) == '@' || text_.is_taken(name->end - 1)) return from;
    if (starts_sentence(from, name->end)) return name->end;
    const bool port = text_.at(name->end) == ':' && is_digit(text_.at(name->end + 1));
    if (port || (text_.at(name->end) == '/' && !ends_token(text_.at(name->end + 1)))) {
      const std::size_t end = token_end(name->end);
      if (const auto url = read_url(text_.written(from, end))) {
        add_url(*url, from, end);
        return end;
      }
    }
    add(FoundKind::host, name->host, name->host, from, name->end);
    return name->end;
  }

  // "Cảm ơn.Me em": a full stop without a space, then a capital. "ABC.COM" is a name.
  bool starts_sentence(std::size_t from, std::size_t end) const {
    const auto written = text_.written(from, end);
    const auto dot = written.rfind('.');
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto last = trim(written.substr(dot + 1));
    return last.size() >= 2 && is_upper(last[0]) && !is_upper(last[1]) && dot > 0 &&
           !is_upper(written[dot - 1]);
  }

  // The end of a dotted quad at `from`, found or refused; `from` if there is none.
  std::size_t ipv4_at(std::size_t from) {
    std::size_t end = from;
    while (is_digit(text_.at(end)) || (text_.at(end) == '.' && is_digit(text_.at(end + 1)))) ++end;
    if (is_host_word(text_.at(end))) return from;
    const auto quad = text_.plain().substr(from, end - from);
    if (std::count(quad.begin(), quad.end(), '.') != 3) return from;
    const auto address = parse_ip(quad);
    if (!address) return from;
    std::size_t url_end = end;
    if (text_.at(end) == '/' || (text_.at(end) == ':' && is_digit(text_.at(end + 1)))) {
      url_end = token_end(end);
    }
    if (url_end > end + 1) {
      if (const auto url = read_url(text_.written(from, url_end))) {
        add_url(*url, from, url_end);
        return url_end;
      }
    }
    add(FoundKind::ip, to_string(*address), {}, from, end);
    return end;
  }

  void find_ipv6() {
    const auto is_part = [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || c == ':'; };
    for (std::size_t at = 0; at < text_.size();) {
      std::size_t end = at;
      while (is_part(text_.at(end))) ++end;
      const bool alone = (at == 0 || !is_word(text_.at(at - 1))) && !is_word(text_.at(end));
      if (alone && end - at >= 6 && !text_.is_taken(at)) {
        const auto address = parse_ip(text_.plain().substr(at, end - at));
        if (address && address->is_v6) add(FoundKind::ip, to_string(*address), {}, at, end);
      }
      at = std::max(end, at + 1);
    }
  }

  // ---- telephone
  void find_phones() {
    for (std::size_t at = 0; at < text_.size();) {
      const bool plus = text_.at(at) == '+' && is_digit(text_.at(at + 1));
      const bool starts = (plus || is_digit(text_.at(at))) && !text_.is_taken(at) &&
                          (at == 0 || !is_host_word(text_.at(at - 1)));
      at = starts ? std::max(phone_at(at), at + 1) : at + 1;
    }
  }

  // Takes the longest run of digits from `from` that is a number; returns where to go on.
  std::size_t phone_at(std::size_t from) {
    constexpr std::size_t written_max = 30;
    std::optional<std::string> best;
    std::size_t best_end = from;
    std::size_t at = from + (text_.at(from) == '+' ? 1 : 0);
    std::size_t first_run_end = from;
    std::size_t separators = 0;
    for (; at - from < written_max && !text_.is_taken(at); ++at) {
      if (is_digit(text_.at(at))) {
        separators = 0;
        if (is_digit(text_.at(at + 1))) continue;
        if (first_run_end == from) first_run_end = at + 1;
        if (is_host_word(text_.at(at + 1)) && text_.at(at + 1) != '-') break;
        if (auto number = phone_to_e164(text_.written(from, at + 1))) {
          best = std::move(number);
          best_end = at + 1;
        }
      } else if (std::string_view{" .-()"}.find(text_.at(at)) == std::string_view::npos ||
                 ++separators > 2) {
        break;
      }
    }
    if (best && !is_money(best_end)) {
      add(FoundKind::phone, std::move(*best), {}, from, best_end);
      return best_end;
    }
    return std::max(first_run_end, from + 1);
  }

  ScanText text_;
  const PublicSuffixList& suffixes_;
  Extraction result_;
  std::set<std::pair<FoundKind, std::string>> seen_;
};

}  // namespace

std::string_view to_string(FoundKind kind) noexcept {
  switch (kind) {
    case FoundKind::url: return "url";
    case FoundKind::host: return "host";
    case FoundKind::ip: return "ip";
    case FoundKind::phone: return "phone";
    case FoundKind::email: return "email";
    case FoundKind::bank_account: return "bank_account";
  }
  return "unknown";
}

Result<Extraction> extract_subjects(std::string_view text, const PublicSuffixList& suffixes) {
  if (text.size() > extract_size_max) {
    return fail(ErrorCode::limit_exceeded, "text is too long to search", "text_too_long");
  }
  auto cleaned = clean_text(text, extract_size_max * 3);
  if (!cleaned) return propagate(std::move(cleaned).error(), "extract subjects");
  return Extractor{refang_brackets(*cleaned), suffixes}.run();
}

}  // namespace khien::text
