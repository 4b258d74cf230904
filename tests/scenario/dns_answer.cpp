#include "dns_answer.h"

#include <array>

#include "codec/hex.h"
#include "dns/edns.h"
#include "dns/rdata.h"

namespace khien::scenario {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 7> rcodes{{{"NOERROR", 0},
                                                                            {"FORMERR", 1},
                                                                            {"SERVFAIL", 2},
                                                                            {"NXDOMAIN", 3},
                                                                            {"NOTIMP", 4},
                                                                            {"REFUSED", 5},
                                                                            {"BADVERS", 16}}};

std::optional<std::uint16_t> rcode_named(std::string_view name) {
  for (const auto& [known, code] : rcodes) {
    if (known == name) return code;
  }
  return std::nullopt;
}

std::string rcode_text(std::uint16_t rcode) {
  for (const auto& [name, code] : rcodes) {
    if (code == rcode) return std::string{name};
  }
  return "rcode " + std::to_string(rcode);
}

std::string owner_text(const dns::Name& name) {
  std::string text = name.to_text();
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  return text;
}

std::string record_text(const dns::Record& record) {
  return owner_text(record.owner) + " " + std::to_string(record.ttl) + " " +
         dns::type_to_text(record.type) + " " + dns::rdata_to_text(record.type, record.rdata);
}

/// What the answer says, in the words of a scenario: sorted into lines that can be compared.
struct Facts {
  std::string rcode;
  std::vector<std::pair<std::string, std::string>> extended;  // "ede 16" and its text
  std::vector<std::pair<std::string, std::string>> options;   // "option 10" and its data
  std::string soa = "no SOA";
  std::vector<std::string> answers;
  bool truncated = false;
  bool authentic = false;
};

bool read_options(Bytes options, Facts& facts) {
  constexpr std::size_t head_size = 4;
  for (; options.size() >= head_size;) {
    const std::size_t size = dns::load_u16(options, 2);
    const dns::EdnsOption option{.code = dns::load_u16(options, 0),
                                 .data = options.subspan(head_size, size)};
    options = options.subspan(head_size + size);
    if (option.code == dns::option_extended_error) {
      const auto error = dns::parse_extended_error(option);
      if (!error) return false;
      facts.extended.emplace_back("ede " + std::to_string(error->info_code), error->text);
    } else {
      facts.options.emplace_back("option " + std::to_string(option.code), codec::hex(option.data));
    }
  }
  return true;
}

std::optional<Facts> facts_of(Bytes message) {
  const auto parsed = dns::parse_message(message);
  const auto edns = dns::find_edns(message);
  if (!parsed || !edns) return std::nullopt;
  Facts facts;
  std::uint16_t rcode = parsed->header.rcode();
  if (*edns) {
    rcode = dns::full_rcode(parsed->header, **edns);
    if (!read_options((*edns)->options, facts)) return std::nullopt;
  }
  facts.rcode = rcode_text(rcode);
  for (const dns::Record& record : parsed->answers) facts.answers.push_back(record_text(record));
  for (const dns::Record& record : parsed->authorities) {
    if (record.type != dns::type_soa) continue;
    facts.soa = "soa " + owner_text(record.owner) + " " + std::to_string(record.ttl);
  }
  facts.truncated = parsed->header.has(dns::flag_tc);
  facts.authentic = parsed->header.has(dns::flag_ad);
  return facts;
}

void compare(const Line& line, std::string_view wanted, std::string_view got, Failures& failures) {
  if (wanted == got) return;
  failures.add(line, "expected " + std::string{wanted} + ", got " + std::string{got});
}

/// The expectations of one statement against the facts.
class Checker {
 public:
  Checker(const Statement& statement, const AnswerSeen& seen, const Facts& facts,
          Failures& failures)
      : statement_(statement), seen_(seen), facts_(facts), failures_(failures) {}

  void run() {
    for (const Line& line : statement_.details) check(line);
    const Line& at = statement_.line;
    if (!has_rcode_) failures_.add(at, "the answer's rcode must be said; it is " + facts_.rcode);
    for (std::size_t i = ede_count_; i < facts_.extended.size(); ++i) {
      failures_.add(at, "expected no further EDE, got " + facts_.extended[i].first);
    }
    for (std::size_t i = option_count_; i < facts_.options.size(); ++i) {
      failures_.add(at, "expected no further option, got " + facts_.options[i].first);
    }
    if (!has_soa_) compare(at, "no SOA", facts_.soa, failures_);
    if (facts_.truncated != has_tc_) compare(at, has_tc_ ? "TC" : "no TC", "the other", failures_);
    if (facts_.authentic != has_ad_) compare(at, has_ad_ ? "AD" : "no AD", "the other", failures_);
    for (std::size_t i = answer_count_; i < facts_.answers.size(); ++i) {
      failures_.add(at, "expected no further answer, got " + facts_.answers[i]);
    }
  }

 private:
  void check(const Line& line) {
    const std::string& word = line.words[0];
    if (rcode_named(word)) {
      has_rcode_ = true;
      compare(line, word, facts_.rcode, failures_);
    } else if (word == "ede") {
      check_extended(line);
    } else if (word == "option") {
      check_option(line);
    } else if (word == "octets") {
      compare(line, line.rest(0), "octets " + std::to_string(seen_.message.size()), failures_);
    } else if (word == "soa") {
      has_soa_ = true;
      compare(line, line.rest(0), facts_.soa, failures_);
    } else if (word == "answer") {
      check_record(line);
    } else if (word == "asked") {
      compare(line, line.rest(0), "asked " + std::to_string(seen_.asked_count), failures_);
    } else if (word == "at-most") {
      const auto size_max = std::strtoul(line.rest(1).c_str(), nullptr, 10);
      if (seen_.message.size() <= size_max) return;
      failures_.add(line, "it has " + std::to_string(seen_.message.size()) + " octets");
    } else if (word == "tc") {
      has_tc_ = true;
    } else if (word == "ad") {
      has_ad_ = true;
    } else {
      failures_.add(line, "nothing about an answer is called " + word);
    }
  }

  void check_extended(const Line& line) {
    const std::size_t index = ede_count_++;
    const auto [code, text] = index < facts_.extended.size()
                                  ? facts_.extended[index]
                                  : std::pair{std::string{"no EDE"}, std::string{}};
    compare(line, "ede " + (line.words.size() > 1 ? line.words[1] : ""), code, failures_);
    if (line.words.size() > 2) compare(line, line.rest(2), text, failures_);
  }

  void check_option(const Line& line) {
    const std::size_t index = option_count_++;
    const auto [code, data] = index < facts_.options.size()
                                  ? facts_.options[index]
                                  : std::pair{std::string{"no option"}, std::string{}};
    compare(line, "option " + (line.words.size() > 1 ? line.words[1] : ""), code, failures_);
    if (line.words.size() > 2) compare(line, line.rest(2), data, failures_);
  }

  void check_record(const Line& line) {
    const auto record = read_record(line, 1);
    if (!record) {
      failures_.add(line, "cannot read the record: OWNER TTL TYPE DATA");
      return;
    }
    const std::size_t index = answer_count_++;
    compare(line, record_text(*record),
            index < facts_.answers.size() ? facts_.answers[index] : "no such answer", failures_);
  }

  const Statement& statement_;
  const AnswerSeen& seen_;
  const Facts& facts_;
  Failures& failures_;
  bool has_rcode_ = false;
  std::size_t ede_count_ = 0;
  std::size_t option_count_ = 0;
  bool has_soa_ = false;
  bool has_tc_ = false;
  bool has_ad_ = false;
  std::size_t answer_count_ = 0;
};

}  // namespace

std::optional<dns::Record> read_record(const Line& line, std::size_t first_word) {
  constexpr std::size_t data_word = 3;
  if (line.words.size() <= first_word + data_word) return std::nullopt;
  auto owner = dns::Name::from_text(line.words[first_word]);
  const auto type = dns::type_from_text(line.words[first_word + 2]);
  if (!owner || !type) return std::nullopt;
  std::vector<std::string_view> tokens{
      line.words.begin() + static_cast<std::ptrdiff_t>(first_word + data_word), line.words.end()};
  auto rdata = dns::rdata_from_text(*type, tokens, dns::Name{});
  if (!rdata) return std::nullopt;
  const auto ttl = std::strtoul(line.words[first_word + 1].c_str(), nullptr, 10);
  return dns::Record{.owner = std::move(*owner),
                     .type = *type,
                     .ttl = static_cast<std::uint32_t>(ttl),
                     .rdata = std::move(*rdata)};
}

// How many questions went upstream, where that is all there is to check.
static void check_asked(const Statement& statement, const AnswerSeen& seen, Failures& failures) {
  for (const Line& line : statement.details) {
    if (line.words[0] != "asked" || line.words.size() != 2) continue;
    const std::string count = std::to_string(seen.asked_count);
    if (line.words[1] != count)
      failures.add(line, "expected asked " + line.words[1] + ", got " + count);
  }
}

void check_answer(const Statement& statement, const AnswerSeen& seen, Failures& failures) {
  const Line& at = statement.line;
  const bool wants_none = !statement.details.empty() && statement.details[0].words[0] == "none";
  if (seen.message.empty()) {
    if (!wants_none) failures.add(at, "no answer came");
    check_asked(statement, seen, failures);
    return;
  }
  const auto facts = facts_of(seen.message);
  if (!facts) {
    failures.add(at, "the answer cannot be read");
    return;
  }
  if (wants_none) {
    failures.add(statement.details[0], "expected no answer, got " + facts->rcode);
    return;
  }
  // Octet by octet, so that the client's letter case comes back (0x20).
  const Bytes echo = seen.message.subspan(dns::header_size);
  const bool same = echo.size() >= seen.question.size() &&
                    to_octets(echo.first(seen.question.size())) == to_octets(seen.question);
  if (!same) failures.add(at, "the answer does not repeat the question");
  Checker{statement, seen, *facts, failures}.run();
}

}  // namespace khien::scenario
