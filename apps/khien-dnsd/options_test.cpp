// What khien-dnsd makes of its command line and configuration file, and that the shipped file and
// the page of settings say what the program does.
#include "options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "base/file.h"
#include "reference.h"
#include "written.h"

namespace khien::dnsd {
namespace {

const std::filesystem::path source{KHIEN_SOURCE_DIR};
constexpr auto shipped_config = "packaging/systemd/khien-dnsd.toml";
constexpr auto shipped_settings = "docs/dnsd/settings.md";

Result<std::optional<Options>> read(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "khien-dnsd");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  return read_options(static_cast<int>(argv.size()), argv.data());
}

std::string refusal(std::vector<std::string> arguments) {
  const auto options = read(std::move(arguments));
  return options ? "" : options.error().message;
}

class ConfigOption : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path{testing::TempDir()} /
            (std::string{"dnsd-"} + std::to_string(::getpid()) + ".toml");
  }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string file(std::string_view text) {
    std::ofstream{path_} << text;
    return path_.string();
  }
  std::filesystem::path path_;
};

std::string text_of(const std::filesystem::path& path) {
  const auto text = read_file(source / path, 1 << 20);
  return text ? std::string{as_text(*text)} : "";
}

TEST(Primaries, MayBeSeveralForTheSameZones) {
  std::vector<std::string> given{"--upstream", "192.0.2.53", "--primary",
                                 "192.0.2.10", "--primary",  "192.0.2.11:5380"};
  const auto options = read(given);
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ((*options)->service.secondary->primary.port, 53);
  ASSERT_EQ((*options)->service.secondary->other_primaries.size(), 1U);
  EXPECT_EQ((*options)->service.secondary->other_primaries.front().port, 5380);
  for (int i = 12; i < 15; ++i) {
    given.insert(given.end(), {"--primary", "192.0.2." + std::to_string(i)});
  }
  const auto many = read(given);
  ASSERT_FALSE(many.has_value());
  EXPECT_NE(many.error().message.find("at most 4"), std::string::npos);
}

TEST(PrimaryTls, NeedsToKnowWhoThePrimaryIs) {
  const std::vector<std::string> plain{"--upstream", "192.0.2.53", "--primary", "192.0.2.10"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), plain.begin(), plain.end());
    return more;
  };
  const auto options = read(with({"--primary-tls-name", "zones.example"}));
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto& zones = (*options)->service.secondary->zones;
  ASSERT_FALSE(zones.empty());
  for (const auto& zone : zones) {
    ASSERT_TRUE(zone.primary.has_value() && zone.primary->tls.has_value());
    EXPECT_EQ(zone.primary->address.port, 853);
    EXPECT_EQ(zone.primary->tls->peer.name, "zones.example");
  }
  EXPECT_FALSE((*read(plain))->service.secondary->zones.front().primary.has_value());
  EXPECT_NE(refusal(with({"--primary-tls-ca", "/none"})).find("--primary-tls-name"),
            std::string::npos);
  EXPECT_NE(refusal(with({"--primary-tls-pin", "AAAA"})).find("32 octets"), std::string::npos);
  EXPECT_NE(refusal(with({"--primary-tls-name", "a.example", "--primary-tls-cert", "/none"}))
                .find("belong together"),
            std::string::npos);
  std::vector<std::string> many;
  for (int i = 0; i < 9; ++i) {
    many.insert(many.end(), {"--primary-tls-pin", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="});
  }
  EXPECT_NE(refusal(with(many)).find("at most 8"), std::string::npos);
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--primary-tls-name", "a.example"})
                .find("belongs to --primary"),
            std::string::npos);
}

TEST(TrialOption, AddsTheZonesOfItsStageInFrontOfThirdParties) {
  const std::vector<std::string> plain{"--upstream", "192.0.2.53", "--primary", "192.0.2.10"};
  const auto with = [&](const std::string& stage) {
    auto words = plain;
    words.insert(words.end(), {"--trial", stage});
    return words;
  };
  EXPECT_TRUE((*read(plain))->service.rpz.empty());
  const auto options = read(with("own"));
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto& zones = (*options)->service.rpz;
  ASSERT_EQ(zones.size(), 10U);
  EXPECT_EQ(zones[0].zone.name, "trial-own-phishing.rpz.khien.");
  EXPECT_EQ(zones[0].zone.category, Category::phishing);
  EXPECT_TRUE(zones[0].zone.on_trial);
  EXPECT_EQ((*read(with("partner")))->service.rpz[0].zone.name,
            "trial-partner-phishing.rpz.khien.");
  EXPECT_NE(refusal(with("all")).find("--trial"), std::string::npos);
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--trial", "own"}).find("belongs to --primary"),
            std::string::npos);
}

TEST(NewNamesOption, IsOffUntilItIsGiven) {
  EXPECT_FALSE((*read({"--upstream", "192.0.2.53"}))->service.new_names.has_value());
  EXPECT_FALSE(
      (*read({"--upstream", "192.0.2.53", "--new-names-min", "0"}))->service.new_names.has_value());
  const auto options =
      read({"--upstream", "192.0.2.53", "--new-names-min", "25", "--new-names-learning", "1"});
  ASSERT_TRUE(options.has_value() && (*options)->service.new_names.has_value());
  EXPECT_EQ((*options)->service.new_names->networks_min, 25U);
  EXPECT_EQ((*options)->service.new_names->learning_ms, ms_per_hour);
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--new-names-min", "1"}), "");
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--new-names-min", "101"}), "");
}

TEST(DnstapOption, TakesAFileAndAnInstant) {
  const auto until = [](const std::string& text) -> std::optional<InstantMs> {
    const auto options =
        read({"--upstream", "192.0.2.53", "--dnstap", "/tmp/tap", "--dnstap-until", text});
    if (!options) return std::nullopt;
    return (*options)->service.tap->until_ms;
  };
  constexpr InstantMs instant_ms = 1'795'804'200'000;
  EXPECT_EQ(until("2026-11-27T18:30:00Z"), instant_ms);
  EXPECT_EQ(until("2026-11-28T01:30:00+07:00"), instant_ms);
  EXPECT_EQ(until("2026-11-27T13:30:00-05:00"), instant_ms);
  for (const auto* const bad :
       {"", "2026-11-27", "2026-11-27T18:30:00", "2026-11-27 18:30:00Z", "2026-02-30T18:30:00Z",
        "2026-11-27T24:00:00Z", "2026-11-27T18:30:00+0700", "2026-11-27T18:30:00ZZ", "tomorrow"}) {
    EXPECT_EQ(until(bad), std::nullopt) << bad;
  }
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--dnstap", "/tmp/tap"}), "");
  EXPECT_NE(refusal({"--upstream", "192.0.2.53", "--dnstap-until", "2026-11-27T18:30:00Z"}), "");
}

TEST_F(ConfigOption, ReportsNeedAUrlAndAKey) {
  const auto options = read({"--upstream", "192.0.2.53", "--report-to", "https://khiend.example/x",
                             "--report-key", "/k", "--report-interval", "60"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto& report = (*options)->service.report;
  ASSERT_TRUE(report.has_value());
  EXPECT_EQ(to_string(report->url), "https://khiend.example/x");
  EXPECT_EQ(report->interval_ms, 60'000);
  EXPECT_FALSE((*read({"--upstream", "192.0.2.53"}))->service.report.has_value());
  EXPECT_NE(refusal({"--report-to", "https://khiend.example/x"}).find("--report-key is missing"),
            std::string::npos);
  EXPECT_NE(refusal({"--report-key", "/k"}).find("without --report-to"), std::string::npos);
  EXPECT_NE(refusal({"--report-to", "http://192.0.2.1/x", "--report-key", "/k"}).find("clear"),
            std::string::npos);
  for (const auto seconds : {"59", "3601"}) {
    EXPECT_NE(refusal({"--report-interval", seconds}), "") << seconds;
  }
}

TEST_F(ConfigOption, GivesOptionsAndTheCommandLineWins) {
  const auto path = file(
      "listen = [\"192.0.2.1:53\", \"[2001:db8::1]:53\"]\nworkers = 3\ncache-mb = 64\n"
      "upstream = [\"192.0.2.53\"]\nzones = [\"orders\", \"pass\"]\n");
  auto options = read({"--config", path, "--workers", "2"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const auto& service = (*options)->service;
  ASSERT_EQ(service.listen.size(), 2U);
  EXPECT_EQ(to_string(service.listen[1]), "[2001:db8::1]:53");
  EXPECT_EQ(service.workers, 2U);
  EXPECT_EQ(service.cache_size, 64U << 20);
  EXPECT_EQ(to_string(service.upstreams.at(0)), "192.0.2.53:53");

  options = read({"--config", path, "--listen", "192.0.2.9:5300"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  ASSERT_EQ((*options)->service.listen.size(), 1U);
  EXPECT_EQ(to_string((*options)->service.listen[0]), "192.0.2.9:5300");
}

TEST_F(ConfigOption, RefusesWhatItDoesNotKnow) {
  EXPECT_NE(refusal({"--config", file("workers = 1\nworkerz = 2\n")})
                .find("line 2: there is no option workerz"),
            std::string::npos);
  EXPECT_NE(refusal({"--config", file("print-config = true\n")}).find("line 1: there is no option"),
            std::string::npos);
  EXPECT_NE(refusal({"--config", file("workers = [1, 2]\n")}).find("takes one value"),
            std::string::npos);
  EXPECT_NE(refusal({"--config", file("workers = 257\n")}).find("--workers"), std::string::npos);
  EXPECT_NE(refusal({"--config", file("without-rules = \"perhaps\"\n")}).find("--without-rules"),
            std::string::npos);
  EXPECT_NE(refusal({"--config", "/nowhere.toml"}).find("/nowhere.toml"), std::string::npos);
  EXPECT_NE(refusal({"--config", file("#" + std::string(1 << 20, 'x'))}).find("larger than 1 MiB"),
            std::string::npos);
}

TEST(SocketOption, NamesAnInterfaceAndItsQueue) {
  const auto xdp_of = [](const std::string& socket) {
    return read({"--upstream", "192.0.2.53", "--socket", socket, "--xdp-mode", "generic"});
  };
  auto options = xdp_of("xdp:eth0:3");
  ASSERT_TRUE(options.has_value()) << options.error().message;
  const resolver::XdpOptions xdp = (*options)->service.xdp;
  EXPECT_EQ(xdp.kind, resolver::SocketKind::xdp);
  EXPECT_EQ(xdp.interface, "eth0");
  EXPECT_EQ(xdp.queue, 3U);
  EXPECT_EQ(xdp.mode, net::XdpMode::generic);
  options = xdp_of("auto");
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ((*options)->service.xdp.kind, resolver::SocketKind::automatic);
  EXPECT_EQ((*options)->service.xdp.interface, "");
  for (const auto wrong :
       {"", "tcp", "xdp:", "xdp::1", "xdp:eth0:", "xdp:eth0:x", "xdp:eth0:256", "udp:eth0"}) {
    EXPECT_FALSE(xdp_of(wrong).has_value()) << wrong;
  }
}

class Reference : public testing::Test {
 protected:
  void SetUp() override { describe(app_, written_); }
  CLI::App app_;
  Written written_;
};

// Read back, the shipped file gives itself: every option with its help and default, nothing else.
TEST_F(Reference, TheShippedConfigurationIsWhatTheProgramPrints) {
  const std::string path = (source / shipped_config).string();
  const auto options = read({"--config", path, "--upstream", "192.0.2.53"});
  ASSERT_TRUE(options.has_value()) << options.error().message;
  // What the package sets: it must serve without an edit, from where systemd lets it write.
  EXPECT_EQ(to_string((*options)->service.listen.at(0)), "127.0.0.1:53");
  EXPECT_TRUE((*options)->service.status.has_value());
  EXPECT_EQ((*options)->service.snapshot_folder, "/var/lib/khien-dnsd");
  testing::internal::CaptureStdout();
  const auto printed = read({"--config", path, "--print-config"});
  const std::string text = testing::internal::GetCapturedStdout();
  ASSERT_TRUE(printed.has_value());
  EXPECT_EQ(text_of(shipped_config), text)
      << "write it anew, in the repository's folder:\n  build/dev/bin/khien-dnsd --config "
      << shipped_config << " --print-config >new && mv new " << shipped_config;
}

TEST_F(Reference, ThePageOfSettingsIsWhatTheProgramPrints) {
  EXPECT_EQ(text_of(shipped_settings), settings_text(app_))
      << "write it anew, in the repository's folder:\n  build/dev/bin/khien-dnsd --print-settings >"
      << shipped_settings;
}

TEST_F(Reference, EveryOptionStandsWithItsDefault) {
  const std::string config = "\n" + config_text(app_);
  const std::string help = app_.help();
  std::size_t count = 0;
  for (const CLI::Option* option :
       app_.get_options([](const CLI::Option* o) { return o->get_configurable(); })) {
    ++count;
    const std::string name = option->get_single_name();
    EXPECT_NE(config.find("\n# " + name + " = "), std::string::npos) << name;
    EXPECT_NE(help.find("--" + name), std::string::npos) << name;
    EXPECT_FALSE(option->get_description().empty()) << name;
    EXPECT_FALSE(option->get_group().empty()) << name;
  }
  EXPECT_GT(count, 10U);
  EXPECT_NE(config.find("\n# workers = 1\n"), std::string::npos);
  EXPECT_NE(config.find("\n# zones = [\"pass\", \"emergency\", \"orders\", \"feeds\"]\n"),
            std::string::npos);
}

}  // namespace
}  // namespace khien::dnsd
