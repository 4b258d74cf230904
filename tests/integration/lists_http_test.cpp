// A whole khiend in this process gives out signed lists: over HTTP as the contract says, and to the
// script of docs/publish/lists.md with the real curl and minisign.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "api/rates.h"
#include "exchange/list_fetch.h"
#include "exchange/proxy_lists.h"
#include "http/raw_client_test.h"
#include "khiend.h"
#include "net/testing/certificate.h"
#include "publish/address_names.h"
#include "publish/list_shelf.h"
#include "publish/url_names.h"

namespace khien::khiend {
namespace {

using http::RawClient;

struct Answer {
  int status = 0;
  std::string head;
  std::string body;
  [[nodiscard]] std::string header(std::string_view name) const {
    const auto mark = "\r\n" + std::string{name} + ": ";
    const auto at = head.find(mark);
    if (at == std::string::npos) return "";
    const auto from = at + mark.size();
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

class ListsHttp : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name = (std::filesystem::temp_directory_path() / "khien-lists-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    khiend_ = start(folder_ / "state", true);
    ASSERT_NE(khiend_, nullptr);
    block("xau.example", publish::Scope::host);
    block("rong.example", publish::Scope::domain);
    block("be.example", publish::Scope::host, "orders-child-abuse");
  }
  static void TearDownTestSuite() {
    khiend_.reset();
    std::filesystem::remove_all(folder_);
  }
  static std::unique_ptr<Khiend> start(const std::filesystem::path& state, bool publisher,
                                       std::optional<http::TlsFiles> tls = {}) {
    Options options;
    options.listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
    options.dns_listen = {net::SocketAddress::parse("127.0.0.1:0").value()};
    options.state = state;
    options.database = "sqlite:" + (state / "khien.db").string();
    options.data = std::filesystem::path{KHIEN_SOURCE_DIR} / "data";
    options.texts = std::filesystem::path{KHIEN_SOURCE_DIR} / "i18n";
    options.public_url = "https://khien.example";
    options.trusted_proxies = {net::Prefix::parse("127.0.0.1").value()};
    options.publisher = publisher;
    options.tls = std::move(tls);
    auto started = Khiend::start(options);
    EXPECT_TRUE(started.has_value()) << started.error().message;
    return started ? std::move(*started) : nullptr;
  }
  static publish::ListShelf& shelf() { return *khiend_->services().lists; }
  static std::uint32_t serial(std::string_view set = "orders-phishing") {
    return shelf().zones().serial(*publish::find_set(set)).value();
  }
  static void block(std::string_view name, publish::Scope scope,
                    std::string_view zone = "orders-phishing") {
    const publish::Change change{.zone = zone, .name = name, .source = "order:1", .scope = scope};
    ASSERT_TRUE(shelf().zones().apply({&change, 1}).has_value());
  }

  /// One request on a connection and from a network of its own.
  static Answer ask(std::string_view path, std::string_view headers = "",
                    std::string_view method = "GET", const Khiend* khiend = nullptr) {
    static int network = 0;
    ++network;
    const auto from = "10.9." + std::to_string(network % 250) + ".1";
    return ask_from(from, path, headers, method, khiend);
  }
  static Answer ask_from(std::string_view from, std::string_view path,
                         std::string_view headers = "", std::string_view method = "GET",
                         const Khiend* khiend = nullptr) {
    RawClient client{(khiend == nullptr ? *khiend_ : *khiend).http_addresses().front()};
    client.send(std::string{method} + " " + std::string{path} +
                " HTTP/1.1\r\nHost: khien.example\r\nX-Forwarded-For: " + std::string{from} +
                "\r\nConnection: close\r\n" + std::string{headers} + "\r\n");
    const auto text = client.read_to_end();
    const auto end = std::min(text.find("\r\n\r\n"), text.size());
    return {.status = http::status_of(text),
            .head = text.substr(0, end + 2),
            .body = text.substr(std::min(end + 4, text.size()))};
  }
  static bool has(const Answer& answer, std::string_view part) {
    return answer.body.find(part) != std::string::npos;
  }

  static std::filesystem::path folder_;
  static std::unique_ptr<Khiend> khiend_;
};
std::filesystem::path ListsHttp::folder_;
std::unique_ptr<Khiend> ListsHttp::khiend_;

TEST_F(ListsHttp, EveryFormatComesWithItsType) {
  const std::map<std::string, std::pair<std::string, std::string>> formats{
      {"domains", {"text/plain; charset=utf-8", "\nxau.example\n"}},
      {"hosts", {"text/plain; charset=utf-8", "\n0.0.0.0 xau.example\n"}},
      {"adblock", {"text/plain; charset=utf-8", "\n||rong.example^\n"}},
      {"csv", {"text/csv; charset=utf-8", "\nrong.example,domain,orders-phishing\n"}},
      {"json", {"application/json", R"("name":"xau.example")"}}};
  for (const auto& [format, wanted] : formats) {
    for (const std::string list : {"orders-phishing.", "orders."}) {
      const auto answer = ask("/lists/" + list + format);
      EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
      EXPECT_EQ(answer.header("Content-Type"), wanted.first);
      EXPECT_TRUE(has(answer, wanted.second)) << answer.body;
      EXPECT_FALSE(has(answer, "be.example")) << "nobody gets those without a key";
      EXPECT_TRUE(has(answer, "https://khien.example/object")) << answer.body;
    }
  }
}

TEST_F(ListsHttp, AddressesComeInFormatsOfTheirOwn) {
  const auto name = publish::address_name("203.0.113.9");
  ASSERT_TRUE(name.has_value());
  const auto from = std::to_string(serial("addresses-phishing"));
  block(*name, publish::Scope::host, "addresses-phishing");
  const std::map<std::string, std::string> formats{
      {"prefixes", "\n203.0.113.9\n"},
      {"csv", "\n203.0.113.9,address,addresses-phishing\n"},
      {"json", R"("name":"203.0.113.9","scope":"address")"}};
  for (const auto& [format, wanted] : formats) {
    for (const std::string list : {"addresses-phishing.", "addresses."}) {
      const auto answer = ask("/lists/" + list + format);
      EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
      EXPECT_TRUE(has(answer, wanted)) << answer.body;
    }
  }
  for (const auto* none : {"addresses.domains", "addresses.hosts", "addresses.adblock",
                           "orders.prefixes", "addresses-child-abuse.prefixes"}) {
    EXPECT_EQ(ask(std::string{"/lists/"} + none).status, 404) << none;
  }
  EXPECT_EQ(ask("/lists/addresses-phishing.delta.json?from=" + from).status, 200);
  EXPECT_TRUE(has(ask("/lists/index.json"), "/lists/addresses.prefixes"));
  EXPECT_FALSE(has(ask("/lists/index.json"), "/lists/addresses.domains"));
  EXPECT_TRUE(has(ask("/lists/"), "/lists/addresses.prefixes"));
}

TEST_F(ListsHttp, WebAddressesComeInFormatsOfTheirOwn) {
  const auto name = publish::url_name("sites.example/scam");
  const auto hidden = publish::url_name("be.example/trang");
  ASSERT_TRUE(name && hidden);
  const auto from = std::to_string(serial("urls-phishing"));
  block(*name, publish::Scope::host, "urls-phishing");
  block(*hidden, publish::Scope::host, "urls-child-abuse");
  const std::map<std::string, std::string> formats{
      {"urls", "\nsites.example/scam\n"},
      {"csv", "\nsites.example/scam,url,urls-phishing\n"},
      {"json", R"("name":"sites.example/scam","scope":"url")"}};
  for (const auto& [format, wanted] : formats) {
    for (const std::string list : {"urls-phishing.", "urls."}) {
      const auto answer = ask("/lists/" + list + format);
      EXPECT_EQ(answer.status, 200) << answer.head << answer.body;
      EXPECT_TRUE(has(answer, wanted)) << answer.body;
      EXPECT_FALSE(has(answer, "be.example"));
    }
  }
  EXPECT_EQ(ask("/lists/urls-emergency.urls").status, 200);
  for (const auto* none :
       {"urls.domains", "urls.prefixes", "urls.hosts", "urls-phishing.adblock", "orders.urls",
        "addresses.urls", "urls-child-abuse.urls", "urls-child-abuse.delta.json?from=1"}) {
    EXPECT_EQ(ask(std::string{"/lists/"} + none).status, 404) << none;
  }
  const auto delta = ask("/lists/urls-phishing.delta.json?from=" + from);
  EXPECT_TRUE(has(delta, R"({"name":"sites.example/scam","scope":"url"})")) << delta.body;
  EXPECT_TRUE(has(ask("/lists/index.json"), "/lists/urls.urls"));
  const auto page = ask("/lists/", "Accept-Language: vi\r\n");
  EXPECT_TRUE(has(page, "/lists/urls-emergency.urls"));
  EXPECT_FALSE(has(page, "category.emergency")) << page.body;
}

TEST_F(ListsHttp, TheSignatureIsOfTheListThatItsVersionNames) {
  const auto signature = ask("/lists/orders-phishing.domains.minisig");
  ASSERT_EQ(signature.status, 200);
  const auto at = signature.body.find("version:") + 8;
  const auto version = signature.body.substr(at, signature.body.find('\t', at) - at);
  block("giua-chung.example", publish::Scope::host);
  const auto list = ask("/lists/orders-phishing.domains?version=" + version);
  ASSERT_EQ(list.status, 200) << list.body;
  const auto key_file = ask("/lists/khien.pub");
  const auto key = exchange::MinisignPublicKey::parse(key_file.body);
  ASSERT_TRUE(key.has_value()) << key_file.body;
  const auto comment =
      exchange::verify_minisign(*key, crypto::Blake2b{}.update(list.body).finish(), signature.body);
  EXPECT_TRUE(comment.has_value()) << comment.error().message;
  EXPECT_EQ(list.header("ETag"), "\"" + version + "\"");
  const auto unknown = ask("/lists/orders-phishing.domains?version=1-00");
  EXPECT_EQ(unknown.status, 410);
  EXPECT_TRUE(has(unknown, "\"no_such_version\"")) << unknown.body;
}

TEST_F(ListsHttp, ValidatorsAndRangesWork) {
  const auto newest = ask("/lists/orders-phishing.csv");
  ASSERT_EQ(newest.status, 200);
  const auto etag = newest.header("ETag");
  // The zone changed a moment ago, so without this a slow machine would be given a newer one.
  const auto path = "/lists/orders-phishing.csv?version=" + etag.substr(1, etag.size() - 2);
  const auto whole = ask(path);
  EXPECT_EQ(whole.body, newest.body);
  const auto same = ask(path, "If-None-Match: " + etag + "\r\n");
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(same.body, "");
  EXPECT_EQ(same.header("ETag"), etag);
  const auto part = ask(path, "Range: bytes=5-14\r\nIf-Range: " + etag + "\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(5, 10));
  EXPECT_EQ(part.header("Content-Range"), "bytes 5-14/" + std::to_string(whole.body.size()));
  EXPECT_EQ(ask(path, "Range: bytes=5-14\r\nIf-Range: \"1-00\"\r\n").body, whole.body);
  EXPECT_EQ(ask(path, "Range: bytes=9999999-\r\n").status, 416);
  const auto head = ask(path, "", "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.header("Content-Length"), std::to_string(whole.body.size()));
  auto signature_path = path;
  signature_path.insert(signature_path.find('?'), ".minisig");
  const auto signature = ask(signature_path);
  EXPECT_EQ(signature.status, 200) << signature_path;
  EXPECT_EQ(ask(signature_path, "If-None-Match: " + signature.header("ETag") + "\r\n").status, 304);
}

TEST_F(ListsHttp, ADeltaIsSignedForItsTwoSerials) {
  const auto from = std::to_string(serial());
  block("moi.example", publish::Scope::domain);
  const auto to = std::to_string(serial());
  const std::string path = "/lists/orders-phishing.delta.json";
  const auto delta = ask(path + "?from=" + from);
  ASSERT_EQ(delta.status, 200) << delta.body;
  EXPECT_TRUE(has(delta, R"({"name":"moi.example","scope":"domain"})")) << delta.body;
  block("sau-nua.example", publish::Scope::host);
  EXPECT_EQ(ask(path + "?from=" + from + "&to=" + to).body, delta.body) << "the same for ever";
  const auto signature = ask(path + ".minisig?from=" + from + "&to=" + to);
  ASSERT_EQ(signature.status, 200) << signature.body;
  const auto comment = exchange::verify_minisign(
      shelf().public_key(), crypto::Blake2b{}.update(delta.body).finish(), signature.body);
  ASSERT_TRUE(comment.has_value()) << comment.error().message;
  EXPECT_NE(comment->find("file:orders-phishing.delta.json"), std::string::npos) << *comment;
  EXPECT_EQ(ask(path + "?from=" + from,
                "If-None-Match: \"" + from + "-" + std::to_string(serial()) + "\"\r\n")
                .status,
            304);
  const auto gone = ask(path + "?from=4000000000");
  EXPECT_EQ(gone.status, 410);
  EXPECT_TRUE(has(gone, "take the whole list")) << gone.body;
}

TEST_F(ListsHttp, WhatIsNotGivenOutIsNotThere) {
  for (const std::string_view path :
       {"/lists/orders-child-abuse.domains", "/lists/feeds-child-abuse.json",
        "/lists/orders-child-abuse.delta.json?from=1", "/lists/choice-ads.hosts",
        "/lists/pass.domains", "/lists/feeds.domains", "/lists/feeds-fraud.json",
        "/lists/feeds-fraud.delta.json?from=1", "/lists/orders-phishing",
        "/lists/orders-phishing.rpz", "/lists/orders.delta.json?from=1", "/lists/.minisig",
        "/lists/lists.seed", "/lists/orders-phishing.domains.minisig.minisig"}) {
    const auto answer = ask(path);
    EXPECT_EQ(answer.status, 404) << path << answer.body;
    EXPECT_FALSE(has(answer, "be.example"));
  }
  EXPECT_NE(ask("/lists/..%2f..%2fkeys%2flists.seed").status, 200);
  for (const std::string_view query :
       {"", "?from=", "?from=-1", "?from=1x", "?from=4294967296", "?from=1&to=x"}) {
    const auto answer = ask("/lists/orders-phishing.delta.json" + std::string{query});
    EXPECT_EQ(answer.status, 400) << query << answer.body;
    EXPECT_TRUE(has(answer, "\"bad_serial\"")) << answer.body;
  }
  EXPECT_EQ(ask("/lists/orders-phishing.delta.json.minisig?from=1").status, 400);
  EXPECT_EQ(ask("/lists/orders.domains", "Content-Length: 0\r\n", "POST").status, 405);
}

TEST_F(ListsHttp, TheIndexNamesEveryListThatIsGivenOutAndThePage) {
  const auto index = ask("/lists/index.json");
  ASSERT_EQ(index.status, 200);
  for (const auto& list : publish::all_lists()) {
    EXPECT_EQ(has(index, "\"list\":\"" + list.id + "\""), !list.of_feeds) << list.id;
  }
  EXPECT_TRUE(has(index, shelf().public_key().text()));
  EXPECT_FALSE(has(index, "child-abuse"));
  EXPECT_FALSE(has(index, "choice"));
  const auto page = ask("/lists/", "Accept-Language: vi\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(has(page, "Danh sách đã ký")) << page.body;
  EXPECT_FALSE(has(page, "public.")) << "every text is in the catalogue: " << page.body;
  EXPECT_FALSE(has(page, "category.")) << page.body;
  EXPECT_EQ(ask("/lists").header("Location"), "/lists/");
  EXPECT_TRUE(has(page, "/lists/orders-phishing.hosts.minisig"));
  EXPECT_TRUE(has(page, shelf().public_key().text()));
}

TEST_F(ListsHttp, OneNetworkIsLimited) {
  int limited = 0;
  for (int i = 0; i < 70; ++i) limited += ask_from("10.8.0.1", "/lists/khien.pub").status == 429;
  EXPECT_GE(limited, 1);
  EXPECT_EQ(ask_from("10.8.1.1", "/lists/khien.pub").status, 200) << "another network is not";
}

TEST_F(ListsHttp, WithoutThePublisherItSaysWhoHasThem) {
  const auto apart = start(folder_ / "apart", false);
  ASSERT_NE(apart, nullptr);
  for (const std::string_view path : {"/lists/orders.domains", "/lists/index.json"}) {
    const auto answer = ask(path, "", "GET", apart.get());
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_TRUE(has(answer, "\"lists_elsewhere\"")) << answer.body;
  }
  EXPECT_EQ(ask("/lists/", "", "GET", apart.get()).status, 503);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "apart/keys/lists.seed")) << "no key for nothing";
}

// What fetches for a proxy, against what gives out.
TEST_F(ListsHttp, AListIsFetchedOverTlsAndObeyed) {
  const net::testing::CertificateFolder identity;
  const auto other =
      start(folder_ / "tls", true,
            http::TlsFiles{.certificate = identity.certificate(), .key = identity.key()});
  ASSERT_NE(other, nullptr);
  auto& lists = *other->services().lists;
  const publish::Change change{.zone = "orders-fraud",
                               .name = "lua.example",
                               .source = "order:9",
                               .scope = publish::Scope::domain};
  ASSERT_TRUE(lists.zones().apply({&change, 1}).has_value());
  std::filesystem::create_directories(folder_ / "proxy");
  const exchange::ListFetch wanted{
      .url = "https://127.0.0.1:" + std::to_string(other->http_addresses().front().port) +
             "/lists/orders.domains",
      .folder = folder_ / "proxy",
      .key = lists.public_key(),
      .ca_file = identity.certificate()};
  const SystemClock clock;
  auto fetched = exchange::fetch_list(wanted, clock);
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(*fetched, exchange::ListFetched::replaced);
  fetched = exchange::fetch_list(wanted, clock);
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  EXPECT_EQ(*fetched, exchange::ListFetched::unchanged);
  std::string said;
  exchange::ProxyLists proxy{
      {.files = {folder_ / "proxy/orders.domains"}, .key = lists.public_key()},
      clock,
      [&](const std::string& sentence) { said += sentence; }};
  proxy.refresh();
  const auto answer = proxy.ask("https://www.lua.example/dang-nhap");
  EXPECT_EQ(answer.verdict, exchange::ProxyVerdict::listed) << said;
  EXPECT_EQ(answer.objections, "https://khien.example/object");
  EXPECT_EQ(proxy.ask("https://tot.example/").verdict, exchange::ProxyVerdict::not_listed);

  const auto page = publish::url_name("sites.example/scam");
  ASSERT_TRUE(page.has_value());
  const publish::Change page_change{.zone = "urls-fraud", .name = *page, .source = "order:10"};
  ASSERT_TRUE(lists.zones().apply({&page_change, 1}).has_value());
  auto urls = wanted;
  urls.url.replace(urls.url.rfind('/') + 1, std::string::npos, "urls.urls");
  fetched = exchange::fetch_list(urls, clock);
  ASSERT_TRUE(fetched.has_value()) << fetched.error().message;
  exchange::ProxyLists pages{{.files = {folder_ / "proxy/urls.urls"}, .key = lists.public_key()},
                             clock,
                             [&](const std::string& sentence) { said += sentence; }};
  pages.refresh();
  EXPECT_EQ(pages.ask("https://sites.example/scam/login?x=1").verdict,
            exchange::ProxyVerdict::listed)
      << said;
  EXPECT_EQ(pages.ask("https://sites.example/").verdict, exchange::ProxyVerdict::not_listed);
}

TEST_F(ListsHttp, TheKeyStaysInItsFolder) {
  const auto seed = folder_ / "state/keys/lists.seed";
  ASSERT_TRUE(std::filesystem::exists(seed));
  EXPECT_EQ(std::filesystem::status(seed).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// The shell text of the guide whose second line names `file`.
std::string script_of_guide(std::string_view file) {
  std::ifstream in{std::filesystem::path{KHIEN_SOURCE_DIR} / "docs/publish/lists.md"};
  std::stringstream text;
  text << in.rdbuf();
  const auto guide = text.str();
  for (auto at = guide.find("```sh\n"); at != std::string::npos;
       at = guide.find("```sh\n", at + 1)) {
    const auto from = at + 6;
    const auto script = guide.substr(from, guide.find("```", from) - from);
    if (script.find(file) != std::string::npos) return script;
  }
  return "";
}

class GuideScript : public ListsHttp {
 protected:
  void SetUp() override {
    if (std::system("command -v minisign > /dev/null && command -v curl > /dev/null") != 0) {
      GTEST_SKIP() << "minisign or curl is not installed";
    }
    std::ofstream{folder_ / "khien-list"} << script_of_guide("/usr/local/bin/khien-list");
    std::filesystem::create_directories(folder_ / "kept");
  }
  /// Runs the script for a list; what it said is in said().
  int fetch(const std::string& list, const std::string& key) {
    const auto port = std::to_string(khiend_->http_addresses().front().port);
    return std::system(("KHIEN=http://127.0.0.1:" + port + " KHIEN_KEY=" + key + " sh '" +
                        (folder_ / "khien-list").string() + "' " + list + " '" +
                        (folder_ / "kept").string() + "' > '" + (folder_ / "said").string() +
                        "' 2>&1")
                           .c_str());
  }
  std::string said() { return text_of(folder_ / "said"); }
  static std::string text_of(const std::filesystem::path& path) {
    std::ifstream in{path};
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
};

TEST_F(GuideScript, KeepsAGoodListAndLeavesItWhenTheNextIsBad) {
  EXPECT_EQ(fetch("orders.domains", shelf().public_key().text()), 0) << said();
  const auto kept = folder_ / "kept/orders.domains";
  const auto first = text_of(kept);
  EXPECT_NE(first.find("\nxau.example\n"), std::string::npos);
  const auto statement = exchange::verify_list_file(kept, shelf().public_key());
  EXPECT_TRUE(statement.has_value()) << statement.error().message;

  SystemRng rng;
  const exchange::MinisignPublicKey other{crypto::Ed25519Key::generate(rng).public_key()};
  EXPECT_NE(fetch("orders.domains", other.text()), 0) << "another's key";
  EXPECT_EQ(text_of(kept), first);
  EXPECT_NE(fetch("orders-child-abuse.domains", shelf().public_key().text()), 0);
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{folder_ / "kept"}) {
    ++files;
  }
  EXPECT_EQ(files, 2U) << "the list and its signature, and nothing half done";
}

}  // namespace
}  // namespace khien::khiend
