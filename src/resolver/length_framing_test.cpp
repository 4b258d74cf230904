#include "resolver/length_framing.h"

#include <gtest/gtest.h>

#include "dns/wire.h"

namespace khien::resolver {
namespace {

/// Notes the queries; says what it is told to.
class Notes final : public QueryTaker {
 public:
  Outcome take(const Query& query) override {
    taken.push_back(to_text(query.message));
    if (answers_at_once != nullptr) answers_at_once->answer(query.tag, as_bytes("now"));
    return outcome;
  }
  std::vector<std::string> taken;
  Outcome outcome = Outcome::later;
  StreamFraming* answers_at_once = nullptr;
};

Octets framed(std::string_view text) {
  Octets out;
  dns::append_u16(out, static_cast<std::uint16_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
  return out;
}

Octets framed(std::initializer_list<std::string_view> texts) {
  Octets out;
  for (const auto text : texts) {
    const Octets one = framed(text);
    out.insert(out.end(), one.begin(), one.end());
  }
  return out;
}

TEST(LengthFraming, ADroppedQueryMakesRoomForTheNext) {
  LengthFraming framing;
  Notes notes;
  for (std::size_t i = 0; i < client_pipelined_max; ++i) {
    ASSERT_TRUE(framing.receive(framed("q"), notes));
  }
  EXPECT_FALSE(framing.wants_octets());
  framing.drop(0);
  EXPECT_TRUE(framing.wants_octets());
  EXPECT_EQ(framing.under_way(), client_pipelined_max - 1);
  EXPECT_EQ(framing.unsent_size(), 0U);
}

TEST(LengthFraming, FindsQueriesHoweverTheyAreCut) {
  const Octets octets = framed({"one", "", "three"});
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    LengthFraming framing;
    Notes notes;
    for (std::size_t at = 0; at < octets.size(); at += piece) {
      const auto size = std::min(piece, octets.size() - at);
      ASSERT_TRUE(framing.receive(Bytes{octets}.subspan(at, size), notes));
    }
    EXPECT_EQ(notes.taken, (std::vector<std::string>{"one", "", "three"})) << piece;
    EXPECT_EQ(framing.under_way(), 3U);
  }
}

TEST(LengthFraming, PutsLengthsInFrontOfAnswersInTheirOrder) {
  LengthFraming framing;
  Notes notes;
  ASSERT_TRUE(framing.receive(framed({"a", "b"}), notes));
  framing.answer(0, as_bytes("second"));
  framing.answer(0, as_bytes("first"));
  EXPECT_EQ(to_octets(framing.unsent()), framed({"second", "first"}));
  framing.sent(5);
  EXPECT_EQ(framing.unsent_size(), framed({"second", "first"}).size() - 5);
  framing.sent(framing.unsent_size());
  EXPECT_TRUE(framing.unsent().empty());
  EXPECT_EQ(framing.under_way(), 0U);
}

TEST(LengthFraming, StopsAtTheLimitOfQueriesUnderWayAndGoesOn) {
  LengthFraming framing;
  Notes notes;
  Octets many;
  for (std::size_t i = 0; i < client_pipelined_max + 3; ++i) {
    const Octets one = framed("q");
    many.insert(many.end(), one.begin(), one.end());
  }
  ASSERT_TRUE(framing.receive(many, notes));
  EXPECT_EQ(notes.taken.size(), client_pipelined_max);
  EXPECT_FALSE(framing.wants_octets());
  EXPECT_TRUE(framing.holds_queries());
  framing.answer(0, as_bytes("a"));
  EXPECT_TRUE(framing.wants_octets());
  ASSERT_TRUE(framing.receive({}, notes));
  EXPECT_EQ(notes.taken.size(), client_pipelined_max + 1);
}

TEST(LengthFraming, IsNotHeldUpByAnswersThatComeAtOnce) {
  LengthFraming framing;
  Notes notes;
  notes.answers_at_once = &framing;
  notes.outcome = QueryTaker::Outcome::now;
  for (std::size_t i = 0; i < 3 * client_pipelined_max; ++i) {
    ASSERT_TRUE(framing.receive(framed("q"), notes));
  }
  EXPECT_EQ(notes.taken.size(), 3 * client_pipelined_max);
  EXPECT_EQ(framing.under_way(), 0U);
}

TEST(LengthFraming, RefusesAQueryThatIsTooLongBeforeItComes) {
  LengthFraming framing;
  Notes notes;
  Octets head;
  dns::append_u16(head, stream_query_size_max + 1);
  EXPECT_FALSE(framing.receive(head, notes));
  LengthFraming other;
  EXPECT_TRUE(other.receive(framed(std::string(stream_query_size_max, 'x')), notes));
  EXPECT_EQ(notes.taken.size(), 1U);
}

TEST(LengthFraming, EndsWithWhoSendsWhatIsNoQuery) {
  LengthFraming framing;
  Notes notes;
  notes.outcome = QueryTaker::Outcome::never;
  EXPECT_FALSE(framing.receive(framed({"response", "more"}), notes));
  EXPECT_EQ(notes.taken.size(), 1U);
}

}  // namespace
}  // namespace khien::resolver
