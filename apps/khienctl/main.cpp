// khienctl: the operator's tool. Reads the command line, calls one command, prints what went wrong.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <functional>

#include "commands.h"
#include "publish/access.h"

namespace {

using namespace khien;            // NOLINT: the program's own file
using namespace khien::khienctl;  // NOLINT

struct Arguments {
  Place place{.state = "var", .database = {}, .data = {}};
  std::filesystem::path file;
  std::string word;
  std::string key;
  std::string algorithm{"hmac-sha256"};
  PublishRollback rollback;
  PublishDecision decision;
  std::int64_t held = 0;
  std::size_t top = 1'000'000;
  bool json = false;
  ZoneFollow follow;
  FollowerAdd follower{.kind = {},
                       .name = {},
                       .address = {},
                       .primaries = {"127.0.0.1:5380"},
                       .zones = "emergency,orders",
                       .folder = {},
                       .ring = "all"};
  FeedAdd feed;
  FeedTry look;
  RecheckLook recheck;
  FeedRunNow run_now;
  MailTest mail;
  SettingSet setting;
  GroundAdd ground;
  GroundEnd ground_end;
  CalendarSet day;
  ResolverChange resolver;
  ListVerify verify;
  ListFetchWanted fetch;
  HelperSquid squid;
  HelperNft nft;
  ListBgp bgp;
  ProviderChange provider;
  ProbeChange probe;
};

using Command = std::function<Result<void>()>;

/// Adds a subcommand that stores what to run.
CLI::App* add(CLI::App* parent, const char* name, const char* help, Command& chosen,
              Command command) {
  auto* sub = parent->add_subcommand(name, help);
  sub->callback([&chosen, command = std::move(command)] { chosen = command; });
  return sub;
}

CLI::App* group(CLI::App& app, const char* name, const char* help) {
  auto* sub = app.add_subcommand(name, help);
  sub->require_subcommand(1);
  return sub;
}

void add_zone_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* zone = group(app, "zone", "who follows our zones");
  auto* follower = zone->add_subcommand("follower", "resolvers that take the zones");
  follower->require_subcommand(1);
  auto* put =
      add(follower, "add", "let a resolver follow, and print what goes into its configuration",
          chosen, [&a] { return zone_follower_add(a.place, a.follower); });
  put->add_option("kind", a.follower.kind, "khien-dnsd, unbound, bind, powerdns or knot-resolver")
      ->required()
      ->check(CLI::IsMember({"khien-dnsd", "unbound", "bind", "powerdns", "knot-resolver"}));
  put->add_option("--name", a.follower.name,
                  "name of the follower and its key (default: the kind)");
  put->add_option("--address", a.follower.address,
                  "where it listens for NOTIFY, ADDRESS:PORT (not for powerdns and knot-resolver)");
  put->add_option("--primary", a.follower.primaries,
                  "where khiend serves zones (127.0.0.1:5380); repeat it for the other of a pair");
  put->add_option("--zones", a.follower.zones, "bases or zones, with commas (emergency,orders)");
  put->add_option("--folder", a.follower.folder, "the resolver's folder for zone files");
  put->add_option("--ring", a.follower.ring,
                  "who gets a change that is released in stages first: own, partner, all (all)")
      ->check(CLI::IsMember({"own", "partner", "all"}));
  put->add_option("--pin", a.follower.pins,
                  "over TLS: base64 of the SHA-256 of its certificate's key, which it must show, "
                  "too; repeat it while a key changes")
      ->expected(1, publish::pins_max);
  auto* moved = add(follower, "set", "move a follower into another ring", chosen,
                    [&a] { return zone_follower_set(a.place, a.word, a.follower.ring); });
  moved->add_option("name", a.word, "see `zone follower list`")->required();
  moved->add_option("--ring", a.follower.ring, "own, partner or all")
      ->required()
      ->check(CLI::IsMember({"own", "partner", "all"}));
  add(follower, "list", "who follows", chosen, [&a] { return zone_follower_list(a.place); });

  auto* follow = add(zone, "follow", "keep FILE equal to a zone of a primary, until SIGTERM",
                     chosen, [&a] { return zone_follow(a.follow); });
  follow->add_option("zone", a.follow.zone, "for example orders-phishing, or any zone's name")
      ->required();
  follow->add_option("file", a.follow.file, "zone file, replaced as a whole at each change")
      ->required();
  follow
      ->add_option("--primary", a.follow.primaries,
                   "where the zone is served, ADDRESS:PORT; repeat it for the other of a pair")
      ->required()
      ->expected(1, follow_primaries_max);
  follow->add_option("--tsig-key", a.follow.key_file, "key file as khienctl writes it");
  follow->add_option("--every", a.follow.every_s, "seconds between two questions (1)")
      ->check(CLI::Range(1, 86'400));
  follow->add_flag("--once", a.follow.once, "write the file and end");
  add(zone, "followers", "who has which serial, and who is behind", chosen,
      [&a] { return zone_followers(a.place); });

  auto* key = zone->add_subcommand("key", "keys for zone transfer");
  key->require_subcommand(1);
  auto* made = add(key, "add", "make a key for a follower of that name", chosen,
                   [&a] { return zone_key_add(a.place, a.word, a.algorithm); });
  made->add_option("name", a.word)->required();
  made->add_option("--algorithm", a.algorithm, "hmac-sha256 or hmac-sha512 (hmac-sha256)")
      ->check(CLI::IsMember({"hmac-sha256", "hmac-sha512"}));
}

void add_decision_on_change(CLI::App* sub, PublishDecision& decision) {
  sub->add_option("change", decision.change, "its number; see `publish held`")->required();
  sub->add_option("--name", decision.name, "of a change of orders: this name alone");
}

void add_publish_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* publish = group(app, "publish",
                        "what reaches the resolvers: status, stop, roll back, decide on what the "
                        "gate holds; works with API and database away");
  add(publish, "status", "zones with serials, what is stopped, how much waits", chosen, [&a] {
    return publish_status(a.place, a.json ? Output::json : Output::text);
  })->add_flag("--json", a.json);
  add(publish, "stop", "hold every new block back; lifts and ends go on", chosen, [&a] {
    return publish_stop(a.place, a.word);
  })->add_option("zone", a.word, "for example orders-phishing (default: every zone)");
  add(publish, "resume", "let new blocks through again; what waited only for this is judged",
      chosen, [&a] { return publish_resume(a.place, a.word); })
      ->add_option("zone", a.word, "default: every zone");
  auto* back = add(publish, "rollback",
                   "withdraw every rule that came after a serial and stop the zone; nothing that "
                   "was lifted or has ended comes back",
                   chosen, [&a] { return publish_rollback(a.place, a.rollback); });
  back->add_option("zone", a.rollback.zone, "for example orders-phishing")->required();
  back->add_option("serial", a.rollback.serial, "the last good one; see `publish status`")
      ->required();
  back->add_option("--reason", a.rollback.reason, "stands with the orders that it suspends");
  auto* held = add(publish, "held", "changes that wait at the gate for a person", chosen, [&a] {
    return publish_held(a.place, a.held, a.json ? Output::json : Output::text);
  });
  held->add_option("change", a.held, "one of them, with its names");
  held->add_flag("--json", a.json);
  auto* release = add(publish, "release", "let a held change through", chosen,
                      [&a] { return publish_release(a.place, a.decision); });
  add_decision_on_change(release, a.decision);
  release->add_flag("--in-stages", a.decision.in_stages,
                    "to our own resolvers first; `publish advance` goes on");
  add(publish, "advance", "the next stage of a change on trial: a partner's resolvers, then all",
      chosen, [&a] { return publish_advance(a.place, a.decision.change); })
      ->add_option("change", a.decision.change, "its number; see `publish held`")
      ->required();
  auto* reject = add(publish, "reject",
                     "never let it through: its orders are suspended, its list waits next time",
                     chosen, [&a] { return publish_reject(a.place, a.decision); });
  add_decision_on_change(reject, a.decision);
  reject->add_option("--reason", a.decision.reason, "stands with the orders")->required();
}

void add_ledger_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* ledger = group(app, "ledger", "the public tamper-evident log");
  add(ledger, "verify", "check every leaf, tile and signature, and the database against them",
      chosen, [&a] { return ledger_verify(a.place, a.key); })
      ->add_option("--key", a.key,
                   "the log's public key, name+id+base64 (default: from the server)");
  add(ledger, "prove", "print proofs that an order's decisions are in the log", chosen,
      [&a] { return ledger_prove(a.place, a.word); })
      ->add_option("order", a.word, "number or id")
      ->required();
  add(ledger, "adopt",
      "after a restore: take the published log's own leaves back into the database", chosen,
      [&a] { return ledger_adopt(a.place, a.key); })
      ->add_option("--key", a.key, "the log's public key (default: from the server)");
  add(ledger, "key", "print the log's public key", chosen, [&a] { return ledger_key(a.place); });
}

void add_data_commands(CLI::App& app, Arguments& a, Command& chosen) {
  add(&app, "backup", "copy the database to FILE while everything runs", chosen,
      [&a] { return backup(a.place, a.file); })
      ->add_option("file", a.file)
      ->required();
  add(&app, "restore", "fill an empty database from a backup", chosen,
      [&a] { return restore(a.place, a.file); })
      ->add_option("file", a.file)
      ->required();

  auto* data = group(app, "data", "lists that the impact check uses");
  auto* import = data->add_subcommand("import", "take a list into the state folder");
  import->require_subcommand(1);
  auto* popularity =
      add(import, "popularity", "a ranking: rank,domain lines (Tranco, Majestic) or plain names",
          chosen, [&a] { return import_popularity(a.place, a.file, a.top); });
  popularity->add_option("file", a.file)->required()->check(CLI::ExistingFile);
  popularity->add_option("--top", a.top, "how many ranks the list covers (1000000)");
}

void add_feed_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* feed = group(app, "feed", "other people's lists: subscribe, look, try");
  auto* put = add(feed, "add", "propose a subscription; another person approves it", chosen,
                  [&a] { return feed_add(a.place, a.feed); });
  put->add_option("name", a.feed.name)->required();
  put->add_option("source", a.feed.source, "https://… or a file below STATE/feeds")->required();
  put->add_option("--by", a.feed.by, "login of who proposes")->required();
  put->add_option("--category", a.feed.category)->required();
  put->add_option("--reason", a.feed.reason)->required();
  put->add_option("--format", a.feed.format, "hosts, domains, adblock, rpz or csv (domains)");
  put->add_option("--scope", a.feed.scope, "what a plain name means: host or domain (host)");
  put->add_option("--column", a.feed.csv_column, "of CSV: index from 0, or its name");
  put->add_option("--licence", a.feed.licence);
  put->add_option("--names", a.feed.entries_max, "the most names it may have (100000)");
  put->add_option("--days", a.feed.days, "how long it lives (90)");
  add(feed, "list", "all subscriptions", chosen, [&a] { return feed_list(a.place); });
  auto* run = add(feed, "run", "ask khiend to read a feed now, and follow how far it is", chosen,
                  [&a] { return feed_run(a.place, a.run_now); });
  run->add_option("feed", a.run_now.feed, "its id; see `feed list`")->required();
  run->add_option("--by", a.run_now.by, "login of who asks")->required();
  add(feed, "runs", "what the last runs of a feed took and refused", chosen,
      [&a] { return feed_runs(a.place, a.word); })
      ->add_option("feed", a.word)
      ->required();
  auto* look = add(feed, "try", "read list files as a feed would and count; nothing takes force",
                   chosen, [&a] { return feed_try(a.place, a.look); });
  look->add_option("files", a.look.files)->required()->check(CLI::ExistingFile);
  look->add_option("--class", a.look.list_class, "of all files (default: from SOURCE.CLASS.txt)");
  look->add_option("--format", a.look.format, "hosts, domains, adblock, rpz or csv (domains)");
  look->add_option("--scope", a.look.scope, "what a plain name means: host or domain (host)");
  look->add_option("--data", a.look.data, "the shipped lists (data)");
  look->add_option("--out", a.look.out, "write what was taken there, one file a category");
}

void add_mail_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* mail = group(app, "mail", "mail to second signers: test the server, see what was given up");
  auto* test = add(mail, "test", "send one mail by the server that khiend is to use", chosen,
                   [&a] { return mail_test(a.mail); });
  test->add_option("address", a.mail.to)->required();
  test->add_option("--smtp", a.mail.server, "as khiend's option")->required();
  test->add_option("--smtp-from", a.mail.from, "as khiend's option (khien@localhost)");
  test->add_option("--smtp-password-file", a.mail.password_file, "as khiend's option");
  add(mail, "list", "how many wait, and why others were given up", chosen,
      [&a] { return mail_list(a.place); });
  add(mail, "retry", "try those that were given up again", chosen,
      [&a] { return mail_retry(a.place); });
  add(mail, "forget", "forget those that were given up", chosen,
      [&a] { return mail_forget(a.place); });
}

/// Every change of configuration names what it rests on.
void add_decision(CLI::App* sub, std::string& decision) {
  sub->add_option("--decision", decision, "what this rests on, for example a decision's number")
      ->required();
}

void add_ground_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* ground = group(app, "ground", "legal grounds that orders rest on");
  add(ground, "list", "all grounds, also ended ones", chosen,
      [&a] { return ground_list(a.place); });
  auto* put = add(ground, "add", "enter a legal instrument", chosen,
                  [&a] { return ground_add(a.place, a.ground); });
  put->add_option("--vi", a.ground.title_vi, "its title in Vietnamese")->required();
  put->add_option("--en", a.ground.title_en, "its title in English")->required();
  put->add_option("--article", a.ground.article, "for example Điều 80");
  put->add_option("--url", a.ground.url, "https://… of the text");
  put->add_option("--category", a.ground.categories, "may be repeated (default: every category)")
      ->delimiter(',');
  put->add_option("--from", a.ground.from, "first day in force, YYYY-MM-DD")->required();
  put->add_option("--until", a.ground.until, "last day in force (default: further notice)");
  add_decision(put, a.ground.decision);
  auto* end = add(ground, "end", "let no new order rest on a ground", chosen,
                  [&a] { return ground_end(a.place, a.ground_end); });
  end->add_option("id", a.ground_end.id)->required();
  end->add_option("--on", a.ground_end.on, "first day without it, YYYY-MM-DD (default: at once)");
  add_decision(end, a.ground_end.decision);
}

void add_setting_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* setting = group(app, "setting", "the authority's name, contact and number prefix");
  add(setting, "list", "what is in force", chosen, [&a] { return setting_list(a.place); });
  auto* put = add(setting, "set", "change one, from a day on", chosen,
                  [&a] { return setting_set(a.place, a.setting); });
  put->add_option("name", a.setting.name,
                  "body_name_vi, body_name_en, body_contact or number_prefix")
      ->required();
  put->add_option("value", a.setting.value)->required();
  put->add_option("--from", a.setting.from, "YYYY-MM-DD (default: at once)");
  add_decision(put, a.setting.decision);

  auto* calendar = group(app, "calendar", "holidays and make-up days, for deadlines");
  add(calendar, "list", "all that are entered", chosen, [&a] { return calendar_list(a.place); });
  auto* day = add(calendar, "set", "enter or change a day", chosen,
                  [&a] { return calendar_set(a.place, a.day); });
  day->add_option("day", a.day.day, "YYYY-MM-DD")->required();
  day->add_option("kind", a.day.kind, "holiday, or makeup: a Saturday or Sunday that is worked")
      ->required()
      ->check(CLI::IsMember({"holiday", "makeup"}));
  day->add_option("name", a.day.name)->required();
  add_decision(day, a.day.decision);
}

void add_resolver_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* resolver = group(app, "resolver", "who reports how often rules were applied");
  auto* put = add(resolver, "add", "make a key for a resolver, shown once", chosen,
                  [&a] { return resolver_add(a.place, a.resolver); });
  put->add_option("name", a.resolver.name, "1 to 32 of a-z, 0-9 and -")->required();
  add_decision(put, a.resolver.decision);
  add(resolver, "list", "who may report, and what came last", chosen,
      [&a] { return resolver_list(a.place); });
  auto* end = add(resolver, "revoke", "let a resolver's key open nothing any more", chosen,
                  [&a] { return resolver_revoke(a.place, a.resolver); });
  end->add_option("name", a.resolver.name)->required();
  add_decision(end, a.resolver.decision);
}

void add_address_commands(CLI::App* list, CLI::App* helper, Arguments& a, Command& chosen) {
  constexpr const char* key_help =
      "the public key, as text or file (default: that of khiend's own folder)";
  auto* nft = add(helper, "nft", "keep nftables equal to a signed list of addresses", chosen,
                  [&a] { return helper_nft(a.place, a.nft); });
  nft->add_option("--list", a.nft.list, "LIST.prefixes, a file or https://…")->required();
  nft->add_option("--folder", a.nft.folder, "where a list that is fetched is kept");
  nft->add_option("--key", a.nft.key, key_help);
  nft->add_option("--ca", a.nft.ca_file, "certificates to trust, PEM (default: the machine's)");
  nft->add_option("--every", a.nft.fetch_minutes, "minutes between two looks at the server (15)")
      ->check(CLI::Range(1, 1'440));
  nft->add_flag("--drop", a.nft.drop, "drop silently (default: say that it is prohibited)");
  nft->add_flag("--print", a.nft.print, "print the text for nft -f, and change nothing");
  nft->add_flag("--once", a.nft.once, "apply it once; the kernel lifts it when the list is over");
  auto* bgp = add(list, "bgp", "print a list of addresses for a router; announces nothing", chosen,
                  [&a] { return list_bgp(a.place, a.bgp); });
  bgp->add_option("file", a.bgp.file, "LIST.prefixes")->required();
  bgp->add_option("--bgp", a.bgp.kind, "bird-rtbh, bird-flowspec, exabgp-rtbh or exabgp-flowspec")
      ->required();
  bgp->add_option("--key", a.bgp.key, key_help);
}

void add_list_commands(CLI::App& app, Arguments& a, Command& chosen) {
  constexpr const char* key_help =
      "the public key, as text or file (default: that of khiend's own folder)";
  constexpr const char* ca_help = "certificates to trust, PEM (default: the machine's)";
  auto* list = group(app, "list", "signed lists for those who take no zones");
  add(list, "key", "print the public key that lists are checked with", chosen,
      [&a] { return list_key(a.place); });
  auto* verify = add(list, "verify", "check a list with the signature beside it (FILE.minisig)",
                     chosen, [&a] { return list_verify(a.place, a.verify); });
  verify->add_option("file", a.verify.file)->required();
  verify->add_option("--key", a.verify.key, key_help);
  auto* fetch = add(list, "fetch", "fetch a list and its signature, and keep them if they are good",
                    chosen, [&a] { return list_fetch(a.place, a.fetch); });
  fetch->add_option("url", a.fetch.url, "https://…/lists/LIST.FORMAT")->required();
  fetch->add_option("--folder", a.fetch.folder, "where to keep it (.)");
  fetch->add_option("--key", a.fetch.key, key_help);
  fetch->add_option("--ca", a.fetch.ca_file, ca_help);

  auto* helper = group(app, "helper", "programs that others start, such as a proxy");
  auto* squid = add(helper, "squid", "answer Squid's external ACL from signed lists", chosen,
                    [&a] { return helper_squid(a.place, a.squid); });
  squid->add_option("--list", a.squid.lists, "LIST.domains, a file or https://…; may stand again");
  squid->add_option("--urls", a.squid.urls,
                    "LIST.urls, web addresses, a file or https://…; may stand again");
  squid->add_option("--folder", a.squid.folder, "where lists that are fetched are kept");
  squid->add_option("--key", a.squid.key, key_help);
  squid->add_option("--ca", a.squid.ca_file, ca_help);
  squid->add_option("--every", a.squid.fetch_minutes, "minutes between two looks at servers (15)")
      ->check(CLI::Range(1, 1'440));
  add_address_commands(list, helper, a, chosen);
}

void add_terms(CLI::App* sub, ProviderChange& wanted) {
  sub->add_option("name", wanted.name, "1 to 32 of a-z, 0-9 and -")->required();
  sub->add_option("--contact", wanted.contact, "mail address of its people (none)");
  sub->add_option("--due", wanted.due_minutes, "minutes that a block may take (120)");
  sub->add_option("--resolver", wanted.resolvers,
                  "ADDRESS[:PORT], and =PREFIX,… if its own questions come from there; may be "
                  "repeated")
      ->required();
  sub->add_option("--landing", wanted.landing,
                  "address of its page about blocked names; may be repeated");
  add_decision(sub, wanted.decision);
}

void add_recheck_command(CLI::App& app, Arguments& a, Command& chosen) {
  auto* look = add(&app, "recheck", "look at one name, as rechecks of blocked names do", chosen,
                   [&a] { return recheck_look(a.place, a.recheck); });
  look->add_option("name", a.recheck.name, "host name")->required();
  look->add_option("--resolver", a.recheck.resolvers,
                   "resolver that filters nothing, ADDRESS[:PORT]; may be repeated")
      ->required();
  look->add_option("--data", a.recheck.data, "folder of the shipped lists")->capture_default_str();
  look->add_flag("--pages", a.recheck.pages,
                 "contact the listed site, too, and see whether its first page is there");
  look->add_option("--page", a.recheck.page, "or these pages of it, up to 4; may be repeated");
}

void add_provider_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* provider = group(app, "provider", "who enforces orders, on which resolvers, how soon");
  auto* put = add(provider, "add", "enter a provider", chosen,
                  [&a] { return provider_add(a.place, a.provider); });
  add_terms(put, a.provider);
  put->add_option("--title", a.provider.title, "as people call it")->required();
  put->add_option("--kind", a.provider.kind, "isp, school, agency or own (isp)")
      ->check(CLI::IsMember({"isp", "school", "agency", "own"}));
  auto* set = add(provider, "set", "replace contact, time, resolvers and landing addresses", chosen,
                  [&a] { return provider_set(a.place, a.provider); });
  add_terms(set, a.provider);
  auto* end = add(provider, "end", "end a provider and revoke its probes", chosen,
                  [&a] { return provider_end(a.place, a.provider); });
  end->add_option("name", a.provider.name)->required();
  add_decision(end, a.provider.decision);
  add(provider, "list", "all in use", chosen, [&a] { return provider_list(a.place); });
  add(provider, "code", "a new code for the page of a provider's open task, shown once", chosen,
      [&a] { return provider_code(a.place, a.word); })
      ->add_option("name", a.word)
      ->required();
}

void add_probe_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* probe = group(app, "probe", "who looks whether orders took effect");
  auto* put = add(probe, "add", "let a probe report with the key that `khien-probe enrol` printed",
                  chosen, [&a] { return probe_add(a.place, a.probe); });
  put->add_option("name", a.probe.name, "1 to 32 of a-z, 0-9 and -")->required();
  put->add_option("--provider", a.probe.provider, "on whose line it stands")->required();
  put->add_option("--key", a.probe.key, "its public key")->required();
  add_decision(put, a.probe.decision);
  add(probe, "list", "all probes, and what came last", chosen,
      [&a] { return probe_list(a.place); });
  auto* end = add(probe, "revoke", "let a probe's key open nothing any more", chosen,
                  [&a] { return probe_revoke(a.place, a.probe); });
  end->add_option("name", a.probe.name)->required();
  add_decision(end, a.probe.decision);
}

void add_account_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* account = group(app, "account", "who may sign in; break-glass");
  add(account, "list", "logins, their state and roles", chosen,
      [&a] { return account_list(a.place); });
  auto* rescue = add(account, "rescue",
                     "open an administrator's account that nobody can open any more, for an hour; "
                     "it is written in the public log",
                     chosen, [&a] { return account_rescue(a.place, a.word, a.key); });
  rescue->add_option("login", a.word)->required();
  rescue->add_option("--reason", a.key)->required();
}

void add_demo_commands(CLI::App& app, Arguments& a, Command& chosen) {
  auto* demo = group(app, "demo", "the invented people of ./khien up");
  add(demo, "users", "who they are and what they may do", chosen, [&a] {
    return demo_users(a.place, a.json ? Output::json : Output::text);
  })->add_flag("--json", a.json);
  add(demo, "code", "print a demo user's six-digit sign-in code", chosen,
      [&a] { return demo_code(a.place, a.word); })
      ->add_option("user", a.word)
      ->required();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"The operator's tool of Khiên. It works beside a running khiend."};
  app.set_version_flag("--version", "khienctl " KHIEN_VERSION);
  app.require_subcommand(1);
  Arguments arguments;
  Command chosen;
  app.add_option("--state", arguments.place.state, "khiend's state folder (var)");
  app.add_option("--database", arguments.place.database,
                 "sqlite:PATH or postgresql://… (default sqlite:STATE/khien.db)");
  add_zone_commands(app, arguments, chosen);
  add_publish_commands(app, arguments, chosen);
  add_ledger_commands(app, arguments, chosen);
  add_data_commands(app, arguments, chosen);
  add_feed_commands(app, arguments, chosen);
  add_mail_commands(app, arguments, chosen);
  add_ground_commands(app, arguments, chosen);
  add_setting_commands(app, arguments, chosen);
  add_resolver_commands(app, arguments, chosen);
  add_list_commands(app, arguments, chosen);
  add_provider_commands(app, arguments, chosen);
  add_recheck_command(app, arguments, chosen);
  add_probe_commands(app, arguments, chosen);
  add_account_commands(app, arguments, chosen);
  add_demo_commands(app, arguments, chosen);
  CLI11_PARSE(app, argc, argv);

  const auto done = chosen();
  if (done) return 0;
  std::fprintf(stderr, "khienctl: %s\n", done.error().message.c_str());
  return exit_code(done.error().code);
}
