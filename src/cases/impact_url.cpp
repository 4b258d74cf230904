#include "cases/impact_url.h"

#include <algorithm>
#include <array>

#include "cases/impact_address.h"
#include "cases/impact_frame.h"
#include "cases/impact_reserved.h"
#include "cases/url_target.h"

namespace khien::cases {
namespace {

// Words that a site uses for a kind of page, not for one: where a path has no others, whose page it
// is stands in the query, which no order can name. Sorted; compared in lower case and without the
// ending of a program or file.
constexpr std::array general_segments = std::to_array<std::string_view>({"a",
                                                                         "about",
                                                                         "account",
                                                                         "accounts",
                                                                         "ads",
                                                                         "album",
                                                                         "albums",
                                                                         "api",
                                                                         "app",
                                                                         "apps",
                                                                         "article",
                                                                         "articles",
                                                                         "assets",
                                                                         "auth",
                                                                         "blog",
                                                                         "blogs",
                                                                         "browse",
                                                                         "category",
                                                                         "channel",
                                                                         "channels",
                                                                         "chat",
                                                                         "comment",
                                                                         "comments",
                                                                         "content",
                                                                         "d",
                                                                         "dashboard",
                                                                         "default",
                                                                         "discover",
                                                                         "doc",
                                                                         "docs",
                                                                         "document",
                                                                         "documents",
                                                                         "download",
                                                                         "downloads",
                                                                         "drive",
                                                                         "e",
                                                                         "embed",
                                                                         "en",
                                                                         "event",
                                                                         "events",
                                                                         "explore",
                                                                         "feed",
                                                                         "file",
                                                                         "files",
                                                                         "folder",
                                                                         "folders",
                                                                         "form",
                                                                         "forms",
                                                                         "forum",
                                                                         "forums",
                                                                         "g",
                                                                         "group",
                                                                         "groups",
                                                                         "hashtag",
                                                                         "help",
                                                                         "home",
                                                                         "image",
                                                                         "images",
                                                                         "img",
                                                                         "index",
                                                                         "item",
                                                                         "items",
                                                                         "l",
                                                                         "live",
                                                                         "login",
                                                                         "logout",
                                                                         "m",
                                                                         "mail",
                                                                         "main",
                                                                         "map",
                                                                         "maps",
                                                                         "marketplace",
                                                                         "media",
                                                                         "member",
                                                                         "members",
                                                                         "message",
                                                                         "messages",
                                                                         "mobile",
                                                                         "news",
                                                                         "note",
                                                                         "notes",
                                                                         "oauth",
                                                                         "open",
                                                                         "p",
                                                                         "page",
                                                                         "pages",
                                                                         "people",
                                                                         "permalink",
                                                                         "photo",
                                                                         "photos",
                                                                         "pin",
                                                                         "play",
                                                                         "player",
                                                                         "playlist",
                                                                         "post",
                                                                         "posts",
                                                                         "presentation",
                                                                         "product",
                                                                         "products",
                                                                         "profile",
                                                                         "profiles",
                                                                         "public",
                                                                         "q",
                                                                         "r",
                                                                         "raw",
                                                                         "redirect",
                                                                         "reel",
                                                                         "reels",
                                                                         "register",
                                                                         "results",
                                                                         "s",
                                                                         "search",
                                                                         "share",
                                                                         "shared",
                                                                         "shop",
                                                                         "shorts",
                                                                         "signin",
                                                                         "signup",
                                                                         "site",
                                                                         "sites",
                                                                         "spreadsheets",
                                                                         "static",
                                                                         "status",
                                                                         "store",
                                                                         "stories",
                                                                         "story",
                                                                         "stream",
                                                                         "t",
                                                                         "tag",
                                                                         "tags",
                                                                         "thread",
                                                                         "threads",
                                                                         "topic",
                                                                         "topics",
                                                                         "u",
                                                                         "uc",
                                                                         "upload",
                                                                         "uploads",
                                                                         "url",
                                                                         "user",
                                                                         "users",
                                                                         "v",
                                                                         "vi",
                                                                         "video",
                                                                         "videos",
                                                                         "view",
                                                                         "viewer",
                                                                         "w",
                                                                         "watch",
                                                                         "web",
                                                                         "wiki"});
static_assert(std::ranges::is_sorted(general_segments));
constexpr std::array<std::string_view, 8> general_endings{".php", ".html", ".htm", ".aspx",
                                                          ".asp", ".jsp",  ".cgi", ".do"};
constexpr std::size_t short_path_size_max = 3;  // octets with the slash: "/a", "/12"

bool is_general(std::string_view segment) {
  auto word = text::ascii_lower(segment);
  for (const auto ending : general_endings) {
    if (word.ends_with(ending)) {
      word.resize(word.size() - ending.size());
      break;
    }
  }
  return word.empty() || std::ranges::binary_search(general_segments, std::string_view{word});
}

/// True if every segment is a general word.
bool is_everybodys(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    if (!is_general(path.substr(0, end))) return false;
    path.remove_prefix(end);
  }
  return true;
}

FindingKind kind_of_fault(std::string_view reason) noexcept {
  if (reason == "whole_site") return FindingKind::whole_site;
  return reason == "page_too_long" ? FindingKind::page_too_long : FindingKind::not_a_url;
}

/// What a list says of a page on one of its names, or on a name below one: never more than serious
/// unless the list itself says so, because the rest of the site stays.
Severity severity_of_page(const NameListFacts& list, Severity of_name) noexcept {
  return list.pages ? std::min(*list.pages, of_name) : std::min(of_name, Severity::serious);
}

class UrlAssessment {
 public:
  UrlAssessment(const ImpactData& data, const ImpactInput& input)
      : data_(data), input_(input), impact_(begin_impact(data, input)) {}

  Impact run() {
    if (read()) {
      check_host();
      check_lists();
      check_popularity();
      check_path();
      tell_others();
      add({FindingKind::page_and_below, Severity::info});
      add({FindingKind::pages_unknown, Severity::info});
      add({FindingKind::proxies_only, Severity::info});
      add({FindingKind::narrower_measure, Severity::info});
    }
    return conclude(std::move(impact_));
  }

 private:
  void add(Finding finding) { impact_.findings.push_back(std::move(finding)); }
  const std::string& host() const noexcept { return target_.host; }

  bool read() {
    auto target = parse_url_target(impact_.name);
    if (!target) {
      add({kind_of_fault(target.error().reason), Severity::refuse});
      return false;
    }
    target_ = std::move(*target);
    impact_.name = to_string(target_);
    return true;
  }

  void check_host() {
    const bool bracketed = host().starts_with('[');
    const auto bare = bracketed ? std::string_view{host()}.substr(1, host().size() - 2)
                                : std::string_view{host()};
    if (const auto address = text::parse_prefix(bare)) return check_address(*address);
    impact_.registrable_domain = data_.suffixes().registrable_domain(host()).value_or("");
    if (host().find('.') == std::string::npos) {
      add({FindingKind::single_label, Severity::refuse});
    }
    if (is_reserved_name(host())) add({FindingKind::reserved_name, Severity::refuse});
    // Any page of ours may be the one on which to object.
    if (text::is_at_or_below(host(), "khien") ||
        std::ranges::find(data_.own_hosts(), host()) != data_.own_hosts().end()) {
      add({FindingKind::own_service, Severity::refuse});
    }
    many_users_ = data_.suffixes().section_of(host()) == text::SuffixSection::hosting;
  }

  void check_address(const text::IpPrefix& address) {
    if (is_special_space(address)) add({FindingKind::special_address, Severity::refuse});
    auto own = own_addresses_hit(input_.address.own, address);
    if (own.count > 0) add(std::move(own));
  }

  static std::string source_of(const NameListFacts& list) {
    return list.name + " (" + list.owner + ", " + list.date + ")";
  }

  void add_list(FindingKind kind, Severity severity, const NameHit& hit) {
    if (severity == Severity::clear) return;
    many_users_ = true;
    const auto& list = *hit.list;
    add({kind, severity, {hit.name}, 1, list.title_vi, list.title_en, source_of(list)});
  }

  void check_lists() {
    for (const auto& hit : data_.index().exact(host())) {
      if (hit.list->kind != ListKind::never_block) continue;
      add_list(FindingKind::never_block, severity_of_page(*hit.list, hit.list->severity), hit);
    }
    for (const auto& hit : data_.index().above(host())) {
      if (hit.list->kind != ListKind::never_block) continue;
      add_list(FindingKind::never_block_above, severity_of_page(*hit.list, hit.list->below), hit);
    }
  }

  void check_popularity() {
    auto hits = data_.index().exact(host());
    for (auto& hit : data_.index().above(host())) {
      if (!impact_.registrable_domain.empty() &&
          text::is_at_or_below(hit.name, impact_.registrable_domain)) {
        hits.push_back(std::move(hit));
      }
    }
    for (const auto& hit : hits) {
      if (hit.list->kind != ListKind::popularity) continue;
      const std::int64_t rank = hit.rank;
      if (rank > 0 && (!impact_.rank || rank < *impact_.rank)) impact_.rank = rank;
      if (hit.rank > popular_rank_max || impact_.find(FindingKind::popular) != nullptr) continue;
      add_list(FindingKind::popular, Severity::caution, hit);
    }
  }

  void check_path() {
    if (is_everybodys(target_.path)) {
      add({FindingKind::everybodys_path, many_users_ ? Severity::refuse : Severity::caution});
    } else if (many_users_ && target_.path.size() <= short_path_size_max) {
      add({FindingKind::short_path, Severity::serious});
    }
  }

  void tell(FindingKind kind, const std::vector<std::string>& names) {
    if (names.empty()) return;
    Finding found{kind, Severity::info, {}, static_cast<std::int64_t>(names.size())};
    const auto shown = std::min(names.size(), impact_examples_max);
    found.names.assign(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown));
    add(std::move(found));
  }

  void tell_others() {
    tell(FindingKind::ordered_above, input_.url.orders_above);
    tell(FindingKind::ordered_below, input_.url.orders_below);
    tell(FindingKind::host_listed, input_.url.lists);
  }

  const ImpactData& data_;
  const ImpactInput& input_;
  Impact impact_;
  UrlTarget target_;
  bool many_users_ = false;  // the host is popular, listed, or a platform's
};

}  // namespace

Impact assess_url(const ImpactData& data, const ImpactInput& input) {
  return UrlAssessment{data, input}.run();
}

}  // namespace khien::cases
