#include "publish/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>

#include "publish/testing.h"

namespace khien::publish {
namespace {

class ControlSocketTest : public testing::Test {
 protected:
  void SetUp() override { open(); }
  void open() {
    gate_ = std::move(*Gate::open({.folder = folder_.path()}, clock_));
    SystemRng rng;
    zones_ =
        std::move(*ZoneSet::open({.folder = folder_.path(), .gate = gate_.get()}, clock_, rng));
    control_.emplace(*zones_, *gate_, clock_);
  }
  void serve() {
    auto server = ControlServer::start(folder_.path(), *control_);
    ASSERT_TRUE(server.has_value()) << server.error().message;
    server_ = std::move(*server);
  }
  void end() {
    server_.reset();
    control_.reset();
    zones_.reset();
    gate_.reset();
  }
  void block(const std::string& name, const std::string& source) {
    const std::vector<Change> changes{{.zone = "orders-phishing", .name = name, .source = source}};
    ASSERT_TRUE(zones_->apply(changes).has_value());
  }
  Result<codec::Json> ask(const ControlRequest& request) {
    return ask_publisher(folder_.path(), request, clock_);
  }
  /// What comes back for these octets, up to the end of the connection.
  std::string raw(std::string_view octets) {
    const FileDescriptor peer{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    const std::string path = control_socket_path(folder_.path());
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    EXPECT_EQ(::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_TRUE(write_all(peer.get(), as_bytes(octets)).has_value());
    ::shutdown(peer.get(), SHUT_WR);
    std::string got;
    char block[4'096];
    for (ssize_t size = 0; (size = ::recv(peer.get(), block, sizeof block, 0)) > 0;) {
      got.append(block, static_cast<std::size_t>(size));
    }
    return got;
  }
  bool is_blocked(std::string_view name) {
    return zones_->shown(test_zone(), test_name(name)).name;
  }

  TemporaryFolder folder_;
  SystemClock clock_;
  std::unique_ptr<Gate> gate_;
  std::unique_ptr<ZoneSet> zones_;
  std::optional<PublicationControl> control_;
  std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlSocketTest, DoesWhatIsAskedWhileThePublisherRuns) {
  serve();
  block("giu.example", "order:1");
  block("nham.example", "order:2");
  const auto status = ask({.command = ControlCommand::status});
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(status->find("zones")->items().size(), all_sets().size());
  const auto rolled = ask({.command = ControlCommand::rollback,
                           .zone = "orders-phishing",
                           .serial = 2,
                           .reason = "nhầm"});
  ASSERT_TRUE(rolled.has_value()) << rolled.error().message;
  EXPECT_EQ(rolled->integer_at("withdrawn"), 1);
  EXPECT_EQ(rolled->integer_at("serial"), 4);
  EXPECT_TRUE(is_blocked("giu.example"));
  EXPECT_FALSE(is_blocked("nham.example"));
  const auto held = ask({.command = ControlCommand::held});
  ASSERT_EQ(held->find("items")->items().size(), 1U);
  const auto id = held->find("items")->items()[0].integer_at("id").value();
  // The zone is stopped: that comes first, and the answer says so.
  EXPECT_EQ(ask({.command = ControlCommand::release, .id = id}).error().reason, "zone_stopped");
  ASSERT_TRUE(ask({.command = ControlCommand::resume, .zone = "orders-phishing"}).has_value());
  EXPECT_EQ(ask({.command = ControlCommand::release, .id = id})->text_at("outcome"), "served");
  EXPECT_TRUE(is_blocked("nham.example"));
  EXPECT_EQ(ask({.command = ControlCommand::reject, .id = id}).error().code, ErrorCode::not_found);
  EXPECT_TRUE(ask({.command = ControlCommand::stop}).has_value());
  EXPECT_EQ(gate_->stopped(), std::set<std::string>{"*"});
}

TEST_F(ControlSocketTest, WorksOnTheFolderWhereNoPublisherRuns) {
  block("nham.example", "order:2");
  serve();
  end();
  ASSERT_FALSE(std::filesystem::exists(control_socket_path(folder_.path())));
  const auto rolled =
      ask({.command = ControlCommand::rollback, .zone = "orders-phishing", .serial = 1});
  ASSERT_TRUE(rolled.has_value()) << rolled.error().message;
  open();
  EXPECT_FALSE(is_blocked("nham.example"));
  EXPECT_TRUE(gate_->is_stopped(test_zone()));
  // Somebody has the zones open and does not answer.
  const auto busy = ask({.command = ControlCommand::status});
  EXPECT_EQ(busy.error().reason, "no_answer");
  // A socket that a killed publisher left behind is no publisher.
  end();
  std::ofstream{control_socket_path(folder_.path())} << "old";
  EXPECT_TRUE(ask({.command = ControlCommand::status}).has_value());
  open();
  serve();
  EXPECT_TRUE(ask({.command = ControlCommand::status}).has_value());
  EXPECT_EQ(ask_publisher(folder_.path() / "none", {}, clock_).error().reason, "no_zones");
}

TEST_F(ControlSocketTest, ReleasesInStagesAndGoesOnWithOrWithoutAPublisher) {
  serve();
  block("giu.example", "order:1");
  ASSERT_TRUE(ask({.command = ControlCommand::rollback, .zone = "orders-phishing", .serial = 1}));
  ASSERT_TRUE(ask({.command = ControlCommand::resume, .zone = "orders-phishing"}));
  control_->set_followers([] { return FollowersRecord{}; });
  const auto id = gate_->held().front().id;
  EXPECT_EQ(ask({.command = ControlCommand::advance, .id = id}).error().reason, "not_on_trial");
  const auto released =
      ask({.command = ControlCommand::release, .id = id, .course = Course::in_stages});
  ASSERT_TRUE(released.has_value()) << released.error().message;
  EXPECT_EQ(released->text_at("outcome"), "on_trial");
  EXPECT_EQ(released->texts_at("empty_stages"), (std::vector<std::string>{"own", "partner"}));
  const auto status = ask({.command = ControlCommand::status});
  EXPECT_EQ(status->integer_at("held"), 0);
  EXPECT_EQ(status->integer_at("on_trial"), 1);
  const auto held = ask({.command = ControlCommand::held, .id = id});
  const codec::Json* trial = held->find("items")->items()[0].find("trial");
  EXPECT_EQ(trial->text_at("stage"), "own");
  EXPECT_EQ(trial->integer_at("names"), 1);
  EXPECT_TRUE(trial->find("followers")->items().empty());
  end();
  EXPECT_EQ(ask({.command = ControlCommand::advance, .id = id})->text_at("outcome"), "on_trial");
  const auto here = ask({.command = ControlCommand::held, .id = id});
  EXPECT_EQ(here->find("items")->items()[0].find("trial")->text_at("stage"), "partner");
  EXPECT_EQ(here->find("items")->items()[0].find("trial")->find("followers"), nullptr);
  EXPECT_EQ(ask({.command = ControlCommand::advance, .id = id})->text_at("outcome"), "served");
  open();
  EXPECT_TRUE(is_blocked("giu.example"));
}

TEST_F(ControlSocketTest, IsTheOwnersAlone) {
  serve();
  struct stat status{};
  ASSERT_EQ(::stat(control_socket_path(folder_.path()).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ControlSocketTest, RefusesWhatIsNoRequestAndGoesOn) {
  serve();
  for (const std::string_view bad :
       {"\n", "{}\n", "status\n", "{\"v\":2,\"command\":\"status\"}\n", "[[[[[[]]]]]]\n"}) {
    EXPECT_EQ(parse_reply(raw(bad)).error().code, ErrorCode::malformed) << bad;
  }
  EXPECT_EQ(parse_reply(raw(std::string(control_request_size_max + 1, 'x'))).error().code,
            ErrorCode::limit_exceeded);
  EXPECT_EQ(parse_reply(raw("half a line")).error().code, ErrorCode::malformed);
  EXPECT_TRUE(ask({.command = ControlCommand::status}).has_value());
}

TEST(ControlProtocol, RequestsReadBackAndNoPrefixIsOne) {
  const ControlRequest request{.command = ControlCommand::rollback,
                               .zone = "orders-phishing",
                               .serial = 0xFFFF'FFFF,
                               .id = 7,
                               .name = "a.example",
                               .reason = "dòng\nhai",
                               .course = Course::in_stages};
  const auto line = write_request(request);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(*parse_request(line), request);
  for (std::size_t size = 0; size < line.size(); ++size) {
    EXPECT_FALSE(parse_request(std::string_view{line}.substr(0, size)).has_value()) << size;
  }
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string changed = line;
    changed.replace(changed.find(from), from.size(), to);
    return parse_request(changed).has_value();
  };
  EXPECT_FALSE(with("4294967295", "4294967296"));
  EXPECT_FALSE(with("4294967295", "-1"));
  EXPECT_FALSE(with("\"rollback\"", "\"forward\""));
}

TEST(ControlProtocol, ErrorsKeepTheirCodeReasonAndSentence) {
  const auto reply = parse_reply(write_error({ErrorCode::conflict, "câu \"trích\"", "stopped"}));
  EXPECT_EQ(reply.error().code, ErrorCode::conflict);
  EXPECT_EQ(reply.error().reason, "stopped");
  EXPECT_EQ(reply.error().message, "câu \"trích\"");
}

}  // namespace
}  // namespace khien::publish
