// What a source may do to us: a file or a server that gives something else than the list it gave
// before. Whatever it is, the last good set stays in force and the run says why in one word.
#include "feeds/feed_contract_test.h"
#include "http/static_files.h"
#include "http/testing/tls_server.h"

namespace khien::feeds {
namespace {

class FeedSources : public FeedContractTest {
 protected:
  static std::string list(int from, int to) {
    std::string text;
    for (int i = from; i < to; ++i) text += "n" + std::to_string(i) + ".example\n";
    return text;
  }

  /// A feed whose 200 names are in force.
  Feed feed_in_force() {
    write(list(0, 200));
    const auto feed = active(draft());
    EXPECT_EQ(run(feed)->state, RunState::applied);
    EXPECT_EQ(now(feed).entries, 200);
    return feed;
  }

  /// Runs the feed on `text`: state and reason. The set in force must not move.
  std::string after(const std::string& text) {
    const auto feed = feed_in_force();
    const auto hash = now(feed).set_hash;
    write(text);
    const auto ran = run(feed);
    EXPECT_EQ(now(feed).set_hash, hash);
    EXPECT_EQ(now(feed).entries, 200);
    return std::string{to_string(ran->state)} + " " + ran->problem_reason;
  }
};
INSTANTIATE_TEST_SUITE_P(Engines, FeedSources, store::testing::for_each_engine(),
                         store::testing::engine_name);

// Denmark 2012: a file of 8,000 good names in the place of the list.
TEST_P(FeedSources, AFileOfGoodNamesWaitsForAPerson) {
  EXPECT_EQ(after(good_names(8'000)), "stopped good_names");
}

TEST_P(FeedSources, GoodNamesNeverEnterEvenIfAPersonReleasesThem) {
  const auto feed = feed_in_force();
  write(list(0, 200) + list(300, 310) + good_names(8'000) + "com.vn\nvn\ngoogle.com\n");
  EXPECT_EQ(run(feed)->state, RunState::stopped);
  const auto released = move(resume_feed, now(feed), "leader");
  ASSERT_TRUE(released.has_value());
  EXPECT_EQ(released->entries, 210);  // the list's own, not one of the good ones
}

TEST_P(FeedSources, AFirstLoadOfGoodNamesWaitsForAPerson) {
  write(list(0, 200) + good_names(800));
  const auto feed = active(draft());
  const auto first = run(feed);
  EXPECT_EQ(first->state, RunState::stopped);
  EXPECT_EQ(first->problem_reason, "good_names");
  EXPECT_EQ(now(feed).entries, 0);
}

TEST_P(FeedSources, AnEmptyFileIsNoList) { EXPECT_EQ(after(""), "failed empty_list"); }

TEST_P(FeedSources, AFileOfCommentsIsNoList) {
  EXPECT_EQ(after("# moved to another place\n"), "failed empty_list");
}

TEST_P(FeedSources, AnErrorPageIsNoList) {
  EXPECT_EQ(after("<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>503</title></head>\n"
                  "<body>\n<p>Service temporarily unavailable</p>\n</body>\n</html>\n"),
            "failed not_a_list");
}

TEST_P(FeedSources, CompressedOctetsAreNoList) {
  std::string octets = "\x1F\x8B\x08";
  SeededRng rng{7};
  for (int i = 0; i < 20'000; ++i) octets.push_back(static_cast<char>(rng.below(256)));
  EXPECT_EQ(after(octets), "failed not_a_list");
}

TEST_P(FeedSources, AnotherFormatIsNoList) {
  std::string hosts;
  for (int i = 0; i < 200; ++i) hosts += "0.0.0.0 n" + std::to_string(i) + ".example\n";
  EXPECT_EQ(after(hosts), "failed not_a_list");
}

TEST_P(FeedSources, MoreNamesThanApprovedAreNotTaken) {
  EXPECT_EQ(after(list(0, 1'001)), "failed entries_max");
}

TEST_P(FeedSources, HalfAFileWaitsForAPerson) {
  EXPECT_EQ(after(list(0, 100)), "stopped change_too_large");
}

// The clock moves on with each piece, as it does while a long list is read.
TEST_P(FeedSources, ALongRunTellsHowFarItIs) {
  const auto feed = active(draft("https://lists.example/a.txt"));
  std::vector<std::uint64_t> seen;
  fetch_ = [&](const http::FetchRequest&, const http::FetchSink& sink) -> Result<http::Fetched> {
    for (int i = 0; i < 3; ++i) {
      clock_.advance(run_progress_ms);
      if (auto taken = sink(as_bytes(list(i * 100, i * 100 + 100))); !taken) {
        return tl::unexpected(taken.error());
      }
      const auto last =
          db().read([&](store::Executor& executor) { return last_run(executor, feed.id); });
      EXPECT_EQ((*last)->state, RunState::running);
      seen.push_back((*last)->counts.read);
    }
    return http::Fetched{};
  };
  EXPECT_EQ(run(feed)->state, RunState::applied);
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{100, 200, 300}));
}

/// Over a real HTTPS server on loopback, which only this test's own rule lets us reach.
class FeedOverHttps : public FeedSources {
 protected:
  FeedOverHttps() {
    fetch_ = [this](http::FetchRequest request, const http::FetchSink& sink) {
      request.reach = http::FetchReach::any;
      request.ca_file = authority_.certificate();
      return http::fetch(request, sink);
    };
    const auto add = [this](std::string path, http::Handler handler) {
      routes_.push_back(
          {.path = std::move(path), .handler = std::move(handler), .permission = "public"});
    };
    add("/list", [this](const http::Request& request) {
      if (http::matches_etag(request, etag_)) return http::respond(304, "text/plain", "");
      auto response = http::respond(200, "text/plain", body_);
      response.headers.set("ETag", etag_);
      return response;
    });
  }

  Feed feed_of(const std::string& url) {
    const auto feed = active(draft(url));
    EXPECT_EQ(run(feed)->state, RunState::applied);
    return feed;
  }

  http::testing::Authority authority_;
  std::vector<http::Route> routes_;
  std::string body_ = list(0, 200);
  std::string etag_ = "\"1\"";
};
INSTANTIATE_TEST_SUITE_P(Engines, FeedOverHttps, store::testing::for_each_engine(),
                         store::testing::engine_name);

TEST_P(FeedOverHttps, AsksForChangesOnly) {
  const http::testing::TlsServer server{authority_, std::move(routes_)};
  const auto feed = feed_of(server.url("/list"));
  EXPECT_EQ(now(feed).etag, "\"1\"");
  body_ = "not even looked at";
  EXPECT_EQ(run(feed)->state, RunState::unchanged);
  EXPECT_EQ(now(feed).entries, 200);
  body_ = list(0, 205);
  etag_ = "\"2\"";
  const auto next = run(feed);
  EXPECT_EQ(next->state, RunState::applied);
  EXPECT_EQ(next->counts.added, 5U);
  EXPECT_EQ(now(feed).etag, "\"2\"");
}

// The validators of what was not taken must not be kept, or the list would never be read again.
TEST_P(FeedOverHttps, ABadDocumentIsFetchedAgain) {
  const http::testing::TlsServer server{authority_, std::move(routes_)};
  const auto feed = feed_of(server.url("/list"));
  body_ = "<html><body>maintenance</body></html>";
  etag_ = "\"2\"";
  EXPECT_EQ(run(feed)->problem_reason, "not_a_list");
  EXPECT_EQ(now(feed).etag, "\"1\"");
  EXPECT_EQ(now(feed).entries, 200);
  EXPECT_EQ(now(feed).next_run_at_ms, clock_.now_ms() + run_retry_ms);
  body_ = list(0, 201);
  EXPECT_EQ(run(feed)->state, RunState::applied);
}

TEST_P(FeedOverHttps, ADocumentThatBreaksOffIsNotTaken) {
  const http::testing::RawTlsPeer peer{
      authority_, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + list(0, 200)};
  const auto broken = run(active(draft(peer.url("/list"))));
  EXPECT_EQ(broken->state, RunState::failed);
  EXPECT_EQ(broken->problem_code, "unavailable");
  EXPECT_EQ(broken->counts.read, 200U);
}

// With the program's own fetch: whatever a feed names, we do not connect into our own network.
TEST_P(FeedOverHttps, NoSourceReachesIntoOurNetwork) {
  const http::testing::TlsServer server{authority_, std::move(routes_)};
  const auto guarded = fetch_;
  fetch_ = http::fetch;
  const auto port = ":" + std::to_string(server.port());
  for (const std::string& host : {std::string{"127.0.0.1"}, std::string{"localhost"},
                                  std::string{"[::1]"}, std::string{"[::ffff:127.0.0.1]"},
                                  std::string{"10.0.0.1"}, std::string{"169.254.169.254"}}) {
    const auto refused = run(active(draft("https://" + host + port + "/list")));
    ASSERT_TRUE(refused.has_value());
    EXPECT_EQ(refused->problem_reason, "address_not_public") << host;
  }
  fetch_ = guarded;
}

}  // namespace
}  // namespace khien::feeds
