// What each public page shows, as plain texts in the reader's language. The views know no domain
// type: the caller turns records into words, so that nothing that is not named here can reach a
// public page.
#pragma once

#include <string>
#include <vector>

namespace khien::pages {

/// How a state is coloured; never the only sign of it.
enum class Tone { plain, good, wait, bad };

struct Choice {
  std::string id;
  std::string name;
  bool checked = false;
};

/// The report form, empty or as it was sent with `alert` saying what to mend.
struct ReportForm {
  std::string alert = {};       ///< empty: nothing went wrong
  std::string submission = {};  ///< one random word a form, so that sending twice makes one report
  std::vector<Choice> kinds = {};
  std::string what = {};
  std::string story = {};
  std::string contact = {};
};

struct Received {
  std::string code;    ///< the reporter's secret, shown once
  std::string number;  ///< the case number, for the telephone
};

struct BlockLine {
  std::string name;
  std::string state;
  std::string order;
};

struct ReportStatus {
  std::string state;
  std::string explanation;
  Tone tone = Tone::plain;
  std::string received;
  std::string number;
  std::vector<BlockLine> blocks = {};
  std::string withdraw_code = {};  ///< empty: cannot be withdrawn any more
};

/// A list that blocks a name: somebody else's, subscribed to and approved by two people here.
struct ListingPage {
  std::string asked = {};  ///< the name that the reader came with: for the link to the objection
  std::string name = {};   ///< of the list's entry
  std::string scope = {};
  std::string list = {};
  std::string category = {};
  std::string licence = {};  ///< empty where none is known
  std::string who = {};
  std::string until = {};
  bool choice = false;  ///< a network's own choice: neither an order nor ours to lift
};

/// One name of a provider's task: what should be, what was seen.
struct ProviderTaskLine {
  std::string name;
  std::string expected;
  std::string since;
  std::string seen;
  std::string seen_at;
  std::string order;
};

/// What a provider's people are asked about, behind the code in their mail.
struct ProviderTaskPage {
  std::string provider;
  std::string state;
  std::string explanation;
  Tone tone = Tone::plain;
  std::string due;
  std::vector<ProviderTaskLine> lines = {};
  std::string more = {};    ///< how many are not shown; empty: all are
  std::string answer = {};  ///< what was answered last
  std::string code = {};    ///< for the forms; empty where nothing can be answered any more
  std::string alert = {};
};

struct LookupResult {
  std::string verdict;  ///< never "safe": what is not known may still be a trap
  std::string explanation;
  Tone tone = Tone::plain;
  std::string order = {};
  std::vector<ListingPage> listings = {};
};

struct RegisterRow {
  std::string number;
  std::string name;  ///< for child abuse a commitment, never the name
  std::string category;
  std::string state;
  Tone tone = Tone::plain;
  std::string since;
  std::string until;
};

/// Whether register, log and zones were found to say the same, and when.
struct AgreementLine {
  std::string words = {};
  Tone tone = Tone::plain;
  std::string at = {};  ///< empty: never
};

struct RegisterPage {
  std::string query = {};
  std::vector<RegisterRow> rows = {};
  AgreementLine agreement = {};
  std::string next = {};  ///< cursor of the next page, empty on the last
};

struct ListRow {
  std::string id;  ///< "orders-phishing"
  std::string label = {};
  std::string names = {};  ///< how many
  std::string serial = {};
  std::vector<std::string> formats = {};  ///< "domains", "csv"
};

struct ListsPage {
  std::string key = {};  ///< public key; empty: lists are given out elsewhere
  std::vector<ListRow> rows = {};
};

struct OrderPage {
  std::string number;
  std::string name;
  std::string scope;
  std::string category;
  std::string who;
  std::string ground;
  std::string since;
  std::string until;
  std::string state;
  Tone tone = Tone::bad;
  std::string signatures = {};
  std::string proof = {};  ///< path of the proof in the public log, empty while pending
};

/// /l/<qname>: why a resolver answered "blocked".
struct BlockPage {
  std::string name;
  std::vector<OrderPage> orders = {};  ///< of the name or what covers it
  std::vector<ListingPage> listings = {};
  bool lists_known = true;  ///< false: this process cannot see what lists hold
};

struct ObjectionForm {
  std::string alert = {};
  std::string submission = {};
  std::string order = {};
  bool list = false;  ///< against a list that has the name, even if an order names it too
  std::string text = {};
  std::string contact = {};
};

struct ObjectionStatus {
  std::string state;
  std::string explanation;
  Tone tone = Tone::wait;
  std::string order = {};  ///< its number, or
  std::string name = {};   ///< the name that a list has
  std::string lodged;
  std::string answer = {};
};

struct ErrorPage {
  std::string heading;
  std::string explanation;
  std::string advice;
};

}  // namespace khien::pages
