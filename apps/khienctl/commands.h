// The commands of khienctl, one function each. What they have to say goes to standard output; an
// error is the caller's to print.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "place.h"

namespace khien::khienctl {

enum class Output : std::uint8_t { text, json };

// account.cpp
[[nodiscard]] Result<void> account_list(const Place& place);
[[nodiscard]] Result<void> account_rescue(const Place& place, const std::string& login,
                                          const std::string& reason);

// backup.cpp
[[nodiscard]] Result<void> backup(const Place& place, const std::filesystem::path& file);
[[nodiscard]] Result<void> restore(const Place& place, const std::filesystem::path& file);

// configuration.cpp: `decision` is what a change rests on, days are YYYY-MM-DD
struct SettingSet {
  std::string name;
  std::string value;
  std::string from;  ///< empty: at once
  std::string decision;
};
struct GroundAdd {
  std::string title_vi;
  std::string title_en;
  std::string article;
  std::string url;
  std::vector<std::string> categories;  ///< empty: every category that can be ordered
  std::string from;
  std::string until;  ///< the last day; empty: until further notice
  std::string decision;
};
struct GroundEnd {
  std::string id;
  std::string on;  ///< the first day without it; empty: at once
  std::string decision;
};
struct CalendarSet {
  std::string day;
  std::string kind;  ///< "holiday" or "makeup"
  std::string name;
  std::string decision;
};
[[nodiscard]] Result<void> setting_list(const Place& place);
[[nodiscard]] Result<void> setting_set(const Place& place, const SettingSet& wanted);
[[nodiscard]] Result<void> ground_list(const Place& place);
[[nodiscard]] Result<void> ground_add(const Place& place, const GroundAdd& wanted);
[[nodiscard]] Result<void> ground_end(const Place& place, const GroundEnd& wanted);
[[nodiscard]] Result<void> calendar_list(const Place& place);
[[nodiscard]] Result<void> calendar_set(const Place& place, const CalendarSet& wanted);

// demo.cpp
[[nodiscard]] Result<void> demo_users(const Place& place, Output output);
[[nodiscard]] Result<void> demo_code(const Place& place, const std::string& user);

// ledger.cpp
[[nodiscard]] Result<void> ledger_verify(const Place& place, const std::string& key);
[[nodiscard]] Result<void> ledger_prove(const Place& place, const std::string& order);
[[nodiscard]] Result<void> ledger_key(const Place& place);
[[nodiscard]] Result<void> ledger_adopt(const Place& place, const std::string& key);
/// Says how log and database stand to each other after a restore, and what to do about it.
[[nodiscard]] Result<void> ledger_compare(const Place& place);

// list.cpp
struct ListVerify {
  std::filesystem::path file;
  std::string key;  ///< text or file; empty: khiend's own
};
struct ListFetchWanted {
  std::string url;
  std::filesystem::path folder = ".";
  std::string key;
  std::filesystem::path ca_file;
};
/// Prints the public key that lists are checked with.
[[nodiscard]] Result<void> list_key(const Place& place);
/// Says whether a list is ours, whole and not over.
[[nodiscard]] Result<void> list_verify(const Place& place, const ListVerify& wanted);
[[nodiscard]] Result<void> list_fetch(const Place& place, const ListFetchWanted& wanted);

// squid_helper.cpp
struct HelperSquid {
  std::vector<std::string> lists;  ///< files, or https://… to be fetched into `folder`
  std::vector<std::string> urls;   ///< the same, of web addresses: their names end in ".urls"
  std::filesystem::path folder;
  std::string key;
  std::filesystem::path ca_file;
  int fetch_minutes = 15;
};
[[nodiscard]] Result<void> helper_squid(const Place& place, const HelperSquid& wanted);

// nft_helper.cpp
struct HelperNft {
  std::string list;  ///< LIST.prefixes, or https://… to be fetched into `folder`
  std::filesystem::path folder;
  std::string key;
  std::filesystem::path ca_file;
  int fetch_minutes = 15;
  bool drop = false;   ///< silently, where others are told
  bool print = false;  ///< the text alone, which changes nothing
  bool once = false;
};
[[nodiscard]] Result<void> helper_nft(const Place& place, const HelperNft& wanted);
struct ListBgp {
  std::filesystem::path file;
  std::string kind;
  std::string key;
};
[[nodiscard]] Result<void> list_bgp(const Place& place, const ListBgp& wanted);

// resolver.cpp
struct ResolverChange {
  std::string name;
  std::string decision;  ///< what the change rests on
};
[[nodiscard]] Result<void> resolver_add(const Place& place, const ResolverChange& wanted);
[[nodiscard]] Result<void> resolver_list(const Place& place);
[[nodiscard]] Result<void> resolver_revoke(const Place& place, const ResolverChange& wanted);

// provider.cpp
struct ProviderChange {
  std::string name;
  std::string title;
  std::string kind{"isp"};
  std::string contact;
  std::int64_t due_minutes = 120;
  std::vector<std::string> resolvers;  ///< ADDRESS[:PORT][=PREFIX,PREFIX…]
  std::vector<std::string> landing;    ///< addresses of its page about blocked names
  std::string decision;
};
[[nodiscard]] Result<void> provider_add(const Place& place, const ProviderChange& wanted);
/// Replaces contact, time, resolvers and landing addresses.
[[nodiscard]] Result<void> provider_set(const Place& place, const ProviderChange& wanted);
[[nodiscard]] Result<void> provider_end(const Place& place, const ProviderChange& wanted);
[[nodiscard]] Result<void> provider_list(const Place& place);
/// A new code for the open task of a provider without mail: to be read out on the telephone.
[[nodiscard]] Result<void> provider_code(const Place& place, const std::string& name);
struct ProbeChange {
  std::string name;
  std::string provider;
  std::string key;
  std::string decision;
};
[[nodiscard]] Result<void> probe_add(const Place& place, const ProbeChange& wanted);
[[nodiscard]] Result<void> probe_revoke(const Place& place, const ProbeChange& wanted);
[[nodiscard]] Result<void> probe_list(const Place& place);

// zone.cpp
struct FollowerAdd {
  std::string
      kind;  ///< as print_configuration() has them: decides key or address, and the text printed
  std::string name;  ///< empty: the kind
  std::string
      address;  ///< where it listens for NOTIFY, ADDRESS:PORT; not for those that ask by themselves
  std::vector<std::string> primaries;  ///< where khiend serves zones, ADDRESS:PORT; two of a pair
  std::string zones;                   ///< bases or ids with commas
  std::filesystem::path folder;        ///< the resolver's own, for its zone files; empty: none kept
  std::string ring{"all"};             ///< own, partner, all
  std::vector<std::string> pins = {};  ///< of its TLS certificate's key; publish::parse_pin
};
[[nodiscard]] Result<void> zone_follower_add(const Place& place, const FollowerAdd& add);
/// Moves a follower into another ring and says what to add to its configuration, or take out.
[[nodiscard]] Result<void> zone_follower_set(const Place& place, const std::string& name,
                                             const std::string& ring);
constexpr int follow_primaries_max = 4;
struct ZoneFollow {
  std::string zone;
  std::filesystem::path file;
  std::vector<std::string> primaries;
  std::filesystem::path key_file;
  std::int64_t every_s = 1;
  bool once = false;
};
/// zone_follow.cpp: until SIGTERM or SIGINT, or one time
[[nodiscard]] Result<void> zone_follow(const ZoneFollow& follow);
[[nodiscard]] Result<void> zone_follower_list(const Place& place);
/// followers.cpp: which serial each follower's servers have, from what khiend last wrote down
[[nodiscard]] Result<void> zone_followers(const Place& place);
[[nodiscard]] Result<void> zone_key_add(const Place& place, const std::string& name,
                                        const std::string& algorithm);

// publish.cpp: through the publisher's local socket, or on its folder where none runs
struct PublishDecision {
  std::int64_t change = 0;  ///< number from `publish held`
  std::string name;         ///< this name alone; empty: all of it
  std::string reason;
  bool in_stages = false;
};
struct PublishRollback {
  std::string zone;
  std::uint32_t serial = 0;
  std::string reason;
};
[[nodiscard]] Result<void> publish_status(const Place& place, Output output);
[[nodiscard]] Result<void> publish_stop(const Place& place, const std::string& zone);
[[nodiscard]] Result<void> publish_resume(const Place& place, const std::string& zone);
[[nodiscard]] Result<void> publish_rollback(const Place& place, const PublishRollback& wanted);
/// One change with its names, or all of them with some.
[[nodiscard]] Result<void> publish_held(const Place& place, std::int64_t change, Output output);
[[nodiscard]] Result<void> publish_release(const Place& place, const PublishDecision& wanted);
[[nodiscard]] Result<void> publish_advance(const Place& place, std::int64_t change);
[[nodiscard]] Result<void> publish_reject(const Place& place, const PublishDecision& wanted);

// feed.cpp
struct FeedAdd {
  std::string name;
  std::string source;  ///< https://…, or a file below STATE/feeds
  std::string format = "domains";
  std::string category;
  std::string scope = "host";
  std::string csv_column = "0";
  std::string licence;
  std::string reason;
  std::string by;  ///< login of who proposes
  std::int64_t entries_max = 100'000;
  std::int64_t days = 90;
};
struct RecheckLook {
  std::string name;
  std::vector<std::string> resolvers;
  std::filesystem::path data = "data";  ///< the shipped lists
  bool pages = false;                   ///< contacts the site, too
  std::vector<std::string> page = {};   ///< which of its pages; none: the first one
};
/// Looks at one name and prints what there is. unavailable where nothing that counts came back.
[[nodiscard]] Result<void> recheck_look(const Place& place, const RecheckLook& wanted);

struct FeedTry {
  std::vector<std::filesystem::path> files;
  std::string list_class;  ///< empty: from the file name, SOURCE.CLASS.txt
  std::string format = "domains";
  std::string scope = "host";
  std::filesystem::path data = "data";  ///< the shipped lists
  std::filesystem::path out;            ///< writes CATEGORY.txt there; empty: nothing is written
};
[[nodiscard]] Result<void> feed_add(const Place& place, const FeedAdd& add);
[[nodiscard]] Result<void> feed_list(const Place& place);
struct FeedRunNow {
  std::string feed;  ///< id
  std::string by;    ///< login of who asks
};
/// Asks khiend for a run and follows it to its end.
[[nodiscard]] Result<void> feed_run(const Place& place, const FeedRunNow& wanted);
/// The last twenty runs of a feed, newest first.
[[nodiscard]] Result<void> feed_runs(const Place& place, const std::string& feed);
[[nodiscard]] Result<void> feed_try(const Place& place, const FeedTry& wanted);

// mail.cpp
struct MailTest {
  std::string to;
  std::string server;  ///< as khiend --smtp
  std::string from = "khien@localhost";
  std::filesystem::path password_file;
};
/// Sends one mail and says what the server answered.
[[nodiscard]] Result<void> mail_test(const MailTest& test);
/// How many mails wait, and why others were given up.
[[nodiscard]] Result<void> mail_list(const Place& place);
[[nodiscard]] Result<void> mail_retry(const Place& place);
[[nodiscard]] Result<void> mail_forget(const Place& place);

// data.cpp
[[nodiscard]] Result<void> import_popularity(const Place& place, const std::filesystem::path& file,
                                             std::size_t top);

}  // namespace khien::khienctl
