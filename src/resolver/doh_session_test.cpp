#include "resolver/doh_session.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "resolver/test_engine.h"
#include "resolver/test_http2.h"

namespace khien::resolver {
namespace {

constexpr std::uint32_t enhance_your_calm = NGHTTP2_ENHANCE_YOUR_CALM + 1;
const Octets query = packet_of({.name = "a.example."});

class DohSessionTest : public testing::Test, public QueryTaker {
 protected:
  DohSessionTest() : session_(DohSession::open(paths_, counters_)) {}

  Outcome take(const Query& taken) override {
    tags_.push_back(taken.tag);
    paths_taken_.emplace_back(taken.path);
    messages_.push_back(to_octets(taken.message));
    return outcome_;
  }

  bool say(Bytes octets) {
    const bool good = session_->receive(octets, *this);
    drain();
    return good;
  }
  bool say(const Http2Frame& frame) { return say(octets_of(frame)); }
  bool say(const Http2Request& request) { return say(octets_of(request)); }
  void drain() {
    for (Bytes out = session_->unsent(); !out.empty(); out = session_->unsent()) {
      reader_.read(out);
      session_->sent(out.size());
    }
  }
  void answer(std::uint32_t tag, Bytes message) {
    session_->answer(tag, message);
    drain();
  }
  Http2Request get(std::uint32_t stream, Bytes message) {
    return {.stream = stream, .path = "/dns-query?dns=" + codec::base64url(message)};
  }
  Http2Request post(std::uint32_t stream, Octets body) {
    return {.stream = stream,
            .method = "POST",
            .fields = {{"content-type", "application/dns-message"}},
            .body = std::move(body)};
  }

  DohPaths paths_ = [](std::string_view path) { return path == "/dns-query" || path == "/lop-1"; };
  Counters counters_;
  std::unique_ptr<DohSession> session_;
  Http2Reader reader_;
  Outcome outcome_ = Outcome::later;
  std::vector<std::uint32_t> tags_;
  std::vector<std::string> paths_taken_;
  std::vector<Octets> messages_;
};

TEST_F(DohSessionTest, AnswersGetAndPostInAnyOrder) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(get(1, query)));
  auto second = post(3, query);
  second.path = "/lop-1";
  ASSERT_TRUE(say(second));
  EXPECT_EQ(messages_, (std::vector<Octets>{query, query}));
  EXPECT_EQ(paths_taken_, (std::vector<std::string>{"/dns-query", "/lop-1"}));
  EXPECT_EQ(session_->under_way(), 2U);

  answer(3, query);
  EXPECT_EQ(reader_.status(3), "200");
  EXPECT_EQ(reader_.answers[3].body, query);
  EXPECT_TRUE(reader_.answers[3].complete);
  EXPECT_EQ(reader_.answers[3].fields["content-type"], "application/dns-message");
  EXPECT_EQ(reader_.answers[3].fields["content-length"], std::to_string(query.size()));
  EXPECT_EQ(reader_.answers[3].fields["cache-control"], "max-age=0");
  EXPECT_EQ(reader_.status(1), "");
  answer(1, query);
  EXPECT_EQ(reader_.status(1), "200");
  EXPECT_EQ(session_->under_way(), 0U);
}

TEST_F(DohSessionTest, ReadsARequestHoweverItIsCut) {
  Octets all = http2_hello();
  append(all, octets_of(post(1, query)));
  for (const std::uint8_t octet : all) ASSERT_TRUE(say(Bytes{&octet, 1}));
  EXPECT_EQ(messages_, std::vector<Octets>{query});
}

TEST_F(DohSessionTest, TellsWhatIsWrongWithARequest) {
  ASSERT_TRUE(say(http2_hello()));
  Http2Request request = get(1, query);
  request.path = "/other";
  ASSERT_TRUE(say(request));
  EXPECT_EQ(reader_.status(1), "404");
  request = get(3, query);
  request.method = "DELETE";
  ASSERT_TRUE(say(request));
  EXPECT_EQ(reader_.status(3), "405");
  EXPECT_EQ(reader_.answers[3].fields["allow"], "GET, POST");
  request = post(5, query);
  request.fields = {{"content-type", "text/plain"}};
  ASSERT_TRUE(say(request));
  EXPECT_EQ(reader_.status(5), "415");
  ASSERT_TRUE(say(get(7, Octets(3, 0))));
  EXPECT_EQ(reader_.status(7), "400");
  ASSERT_TRUE(say(post(9, Octets(stream_query_size_max + 1, 0))));
  EXPECT_EQ(reader_.status(9), "413");
  EXPECT_TRUE(tags_.empty());
  EXPECT_EQ(counters_.value(Count::doh_refused), 5U);
  // None of it costs the connection.
  ASSERT_TRUE(say(get(11, query)));
  EXPECT_EQ(tags_, std::vector<std::uint32_t>{11});
}

TEST_F(DohSessionTest, RefusesWhatTheEngineDoes) {
  outcome_ = Outcome::never;
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(get(1, query)));
  EXPECT_EQ(reader_.status(1), "400");
  EXPECT_EQ(session_->under_way(), 0U);
}

TEST_F(DohSessionTest, HoldsSoManyRequestsAtOnce) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(Http2Frame{.type = http2_settings, .flags = 1}));  // ours is known now
  for (std::uint32_t i = 0; i <= doh_streams_max; ++i) {
    if (!say(get(1 + 2 * i, query))) break;
  }
  EXPECT_EQ(tags_.size(), doh_streams_max);
  EXPECT_EQ(session_->under_way(), doh_streams_max);
}

TEST_F(DohSessionTest, ForgetsARequestThatIsReset) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(get(1, query)));
  ASSERT_TRUE(say(Http2Frame{.type = http2_reset, .stream = 1, .payload = {0, 0, 0, 8}}));
  EXPECT_EQ(session_->under_way(), 0U);
  answer(1, query);
  EXPECT_EQ(reader_.status(1), "");
}

TEST_F(DohSessionTest, ResetsARequestThatIsDropped) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(get(1, query)));
  ASSERT_TRUE(say(get(3, query)));
  session_->drop(1);
  drain();
  EXPECT_EQ(reader_.answers[1].reset, NGHTTP2_CANCEL + 1U);
  EXPECT_EQ(reader_.status(1), "");
  EXPECT_EQ(session_->under_way(), 1U);
  session_->drop(1);  // nobody's any more
  answer(1, query);
  EXPECT_EQ(session_->under_way(), 1U);
  answer(3, query);
  EXPECT_EQ(reader_.status(3), "200");
  EXPECT_EQ(session_->under_way(), 0U);
}

// Requests that are dropped as fast as they come: what waits for a client that does not read stays
// bounded.
TEST_F(DohSessionTest, HoldsSoManyResetsForAClientThatDoesNotRead) {
  ASSERT_TRUE(say(http2_hello()));
  bool good = true;
  std::uint32_t stream = 1;
  for (; good && session_->wants_octets() && stream < 100'000; stream += 2) {
    good = session_->receive(octets_of(get(stream, query)), *this);
    session_->drop(stream);
    (void)session_->unsent();
  }
  EXPECT_LT(stream, 100'000U);
  EXPECT_LT(session_->unsent_size(), 2 * doh_unsent_chunk);
}

TEST_F(DohSessionTest, SaysGoodbyeAndStillAnswers) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(get(1, query)));
  session_->say_goodbye();
  drain();
  EXPECT_EQ(reader_.goaway, NGHTTP2_NO_ERROR + 1U);
  EXPECT_EQ(reader_.goaway_last, 1U);
  answer(1, query);
  EXPECT_EQ(reader_.status(1), "200");
}

TEST_F(DohSessionTest, EndsARapidReset) {
  ASSERT_TRUE(say(http2_hello()));
  std::uint32_t requests = 0;
  bool good = true;
  for (; good && requests < 10'000; ++requests) {
    good =
        say(get(1 + 2 * requests, query)) &&
        say(Http2Frame{.type = http2_reset, .stream = 1 + 2 * requests, .payload = {0, 0, 0, 8}});
  }
  EXPECT_FALSE(good);
  EXPECT_LE(requests, static_cast<std::uint32_t>(doh_idle_frames_max) + 1);
  EXPECT_EQ(reader_.goaway, enhance_your_calm);
  EXPECT_EQ(counters_.value(Count::doh_idle_floods), 1U);
}

class DohFlood : public DohSessionTest, public testing::WithParamInterface<Http2Frame> {};

TEST_P(DohFlood, EndsAtTheLimitOfFramesThatAskForNothing) {
  ASSERT_TRUE(say(http2_hello()));
  // A stream whose body has begun, for what belongs to one.
  Http2Request request = post(1, {});
  ASSERT_TRUE(say(Http2Frame{.type = http2_headers,
                             .flags = http2_end_headers,
                             .stream = 1,
                             .payload = field_block(request)}));
  int sent = 0;
  while (sent < 10'000 && say(GetParam())) ++sent;
  EXPECT_LE(sent, doh_idle_frames_max);
  EXPECT_NE(reader_.goaway, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Frames, DohFlood,
    testing::Values(Http2Frame{.type = http2_ping, .payload = Octets(8, 0)},
                    Http2Frame{.type = http2_settings},
                    Http2Frame{.type = http2_priority, .stream = 3, .payload = {0, 0, 0, 0, 9}},
                    Http2Frame{.type = http2_window_update, .payload = {0, 0, 0, 1}},
                    Http2Frame{.type = http2_data, .stream = 1}));

TEST_F(DohSessionTest, EndsAnUploadThatGoesOnAfterItsAnswer) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(say(Http2Frame{.type = http2_headers,
                             .flags = http2_end_headers,
                             .stream = 1,
                             .payload = field_block(post(1, {}))}));
  int sent = 0;
  while (sent < 10'000 &&
         say(Http2Frame{.type = http2_data, .stream = 1, .payload = Octets(1'000, 0)})) {
    ++sent;
  }
  EXPECT_EQ(reader_.status(1), "413");
  EXPECT_LE(sent, doh_idle_frames_max + 5);
  EXPECT_EQ(counters_.value(Count::doh_idle_floods), 1U);
}

TEST_F(DohSessionTest, LetsAnActiveClientPingAsItLikes) {
  ASSERT_TRUE(say(http2_hello()));
  for (std::uint32_t i = 0; i < 400; ++i) {
    ASSERT_TRUE(say(get(1 + 2 * i, query))) << i;
    answer(1 + 2 * i, query);
    for (int k = 0; k < doh_idle_frames_a_request; ++k) {
      ASSERT_TRUE(say(Http2Frame{.type = http2_ping, .payload = Octets(8, 0)})) << i;
    }
  }
}

TEST_F(DohSessionTest, ResetsARequestWithTooManyFields) {
  ASSERT_TRUE(say(http2_hello()));
  Http2Request request = get(1, query);
  for (int i = 0; i < 500; ++i) request.fields["x-" + std::to_string(i)] = "";
  ASSERT_TRUE(say(request));
  EXPECT_NE(reader_.answers[1].reset, 0U);
  EXPECT_TRUE(tags_.empty());
  EXPECT_EQ(counters_.value(Count::doh_fields_too_large), 1U);
  ASSERT_TRUE(say(get(3, query)));
  EXPECT_EQ(tags_.size(), 1U);
}

// One small block that names a table entry of 4,000 octets over and over.
TEST_F(DohSessionTest, IsNotBlownUpByItsFieldTable) {
  ASSERT_TRUE(say(http2_hello()));
  Octets block = field_block(get(1, query));
  block.push_back(0x40);  // into the table
  Octets literal;
  append_field(literal, "x-bomb", std::string(3'900, 'a'));
  append(block, Bytes{literal}.subspan(1));
  block.insert(block.end(), 10'000, 0xBE);  // index 62: the newest entry
  ASSERT_LE(block.size(), 16'384U);
  ASSERT_TRUE(say(Http2Frame{.type = http2_headers,
                             .flags = http2_end_headers | http2_end_stream,
                             .stream = 1,
                             .payload = block}));
  EXPECT_NE(reader_.answers[1].reset, 0U);
  EXPECT_EQ(counters_.value(Count::doh_fields_too_large), 1U);
}

TEST_F(DohSessionTest, EndsAnEndlessHead) {
  ASSERT_TRUE(say(http2_hello()));
  ASSERT_TRUE(
      say(Http2Frame{.type = http2_headers, .stream = 1, .payload = field_block(get(1, query))}));
  Octets block;
  append_field(block, "x", "y");
  int sent = 0;
  while (sent < 1'000 &&
         say(Http2Frame{.type = http2_continuation, .stream = 1, .payload = block})) {
    ++sent;
  }
  EXPECT_LE(sent, 16);
  EXPECT_TRUE(tags_.empty());
}

TEST_F(DohSessionTest, EndsWithWhoSpeaksNoHttp2) {
  EXPECT_FALSE(say(as_bytes("GET /dns-query HTTP/1.1\r\nHost: dns.example\r\n\r\n")));
}

TEST_F(DohSessionTest, IsDeafToAClientThatReadsNothing) {
  ASSERT_TRUE(session_->receive(http2_hello(), *this));
  std::uint32_t stream = 1;
  while (session_->wants_octets() && stream < 200) {
    ASSERT_TRUE(session_->receive(octets_of(get(stream, query)), *this));
    session_->answer(stream, Octets(60'000, 1));
    stream += 2;
  }
  EXPECT_FALSE(session_->wants_octets());
  EXPECT_LE(session_->unsent_size(), stream_unsent_size_max);
}

}  // namespace
}  // namespace khien::resolver
