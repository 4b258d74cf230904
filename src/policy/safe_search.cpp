#include "policy/safe_search.h"

#include <algorithm>
#include <array>
#include <string>

namespace khien::policy {
namespace {

using namespace std::string_view_literals;

// Wire names; the final zero is the root label.
constexpr std::string_view google_target =
    "\x0f"
    "forcesafesearch"
    "\x06"
    "google"
    "\x03"
    "com\0"sv;
constexpr std::string_view bing_target =
    "\x06"
    "strict"
    "\x04"
    "bing"
    "\x03"
    "com\0"sv;
constexpr std::string_view duckduckgo_target =
    "\x04"
    "safe"
    "\x0a"
    "duckduckgo"
    "\x03"
    "com\0"sv;
constexpr std::string_view youtube_target =
    "\x08"
    "restrict"
    "\x07"
    "youtube"
    "\x03"
    "com\0"sv;
constexpr std::string_view moderate_target =
    "\x10"
    "restrictmoderate"
    "\x07"
    "youtube"
    "\x03"
    "com\0"sv;

struct Alias {
  std::string_view name;
  SafeSearch engine;
};
// Whole names, in wire form. YouTube: the hosts that its help page for administrators names.
constexpr std::array aliases{
    Alias{"\x03"
          "www"
          "\x04"
          "bing"
          "\x03"
          "com\0"sv,
          safe_bing},
    Alias{"\x04"
          "bing"
          "\x03"
          "com\0"sv,
          safe_bing},
    Alias{"\x0a"
          "duckduckgo"
          "\x03"
          "com\0"sv,
          safe_duckduckgo},
    Alias{"\x03"
          "www"
          "\x0a"
          "duckduckgo"
          "\x03"
          "com\0"sv,
          safe_duckduckgo},
    Alias{"\x05"
          "start"
          "\x0a"
          "duckduckgo"
          "\x03"
          "com\0"sv,
          safe_duckduckgo},
    Alias{"\x04"
          "html"
          "\x0a"
          "duckduckgo"
          "\x03"
          "com\0"sv,
          safe_duckduckgo},
    Alias{"\x03"
          "www"
          "\x07"
          "youtube"
          "\x03"
          "com\0"sv,
          safe_youtube},
    Alias{"\x01"
          "m"
          "\x07"
          "youtube"
          "\x03"
          "com\0"sv,
          safe_youtube},
    Alias{"\x03"
          "www"
          "\x10"
          "youtube-nocookie"
          "\x03"
          "com\0"sv,
          safe_youtube},
    Alias{"\x08"
          "youtubei"
          "\x0a"
          "googleapis"
          "\x03"
          "com\0"sv,
          safe_youtube},
    Alias{"\x07"
          "youtube"
          "\x0a"
          "googleapis"
          "\x03"
          "com\0"sv,
          safe_youtube},
};

// What follows "google." in the names of its search, in order. Source: the list of its domains that
// Google publishes (www.google.com/supported_domains).
constexpr std::array google_suffixes{
    "ad"sv,     "ae"sv,     "al"sv,     "am"sv,     "as"sv,     "at"sv,     "az"sv,     "ba"sv,
    "be"sv,     "bf"sv,     "bg"sv,     "bi"sv,     "bj"sv,     "bs"sv,     "bt"sv,     "by"sv,
    "ca"sv,     "cat"sv,    "cd"sv,     "cf"sv,     "cg"sv,     "ch"sv,     "ci"sv,     "cl"sv,
    "cm"sv,     "cn"sv,     "co.ao"sv,  "co.bw"sv,  "co.ck"sv,  "co.cr"sv,  "co.id"sv,  "co.il"sv,
    "co.in"sv,  "co.jp"sv,  "co.ke"sv,  "co.kr"sv,  "co.ls"sv,  "co.ma"sv,  "co.mz"sv,  "co.nz"sv,
    "co.th"sv,  "co.tz"sv,  "co.ug"sv,  "co.uk"sv,  "co.uz"sv,  "co.ve"sv,  "co.vi"sv,  "co.za"sv,
    "co.zm"sv,  "co.zw"sv,  "com"sv,    "com.af"sv, "com.ag"sv, "com.ai"sv, "com.ar"sv, "com.au"sv,
    "com.bd"sv, "com.bh"sv, "com.bn"sv, "com.bo"sv, "com.br"sv, "com.bz"sv, "com.co"sv, "com.cu"sv,
    "com.cy"sv, "com.do"sv, "com.ec"sv, "com.eg"sv, "com.et"sv, "com.fj"sv, "com.gh"sv, "com.gi"sv,
    "com.gt"sv, "com.hk"sv, "com.jm"sv, "com.kh"sv, "com.kw"sv, "com.lb"sv, "com.ly"sv, "com.mm"sv,
    "com.mt"sv, "com.mx"sv, "com.my"sv, "com.na"sv, "com.ng"sv, "com.ni"sv, "com.np"sv, "com.om"sv,
    "com.pa"sv, "com.pe"sv, "com.pg"sv, "com.ph"sv, "com.pk"sv, "com.pr"sv, "com.py"sv, "com.qa"sv,
    "com.sa"sv, "com.sb"sv, "com.sg"sv, "com.sl"sv, "com.sv"sv, "com.tj"sv, "com.tr"sv, "com.tw"sv,
    "com.ua"sv, "com.uy"sv, "com.vc"sv, "com.vn"sv, "cv"sv,     "cz"sv,     "de"sv,     "dj"sv,
    "dk"sv,     "dm"sv,     "dz"sv,     "ee"sv,     "es"sv,     "fi"sv,     "fm"sv,     "fr"sv,
    "ga"sv,     "ge"sv,     "gg"sv,     "gl"sv,     "gm"sv,     "gr"sv,     "gy"sv,     "hn"sv,
    "hr"sv,     "ht"sv,     "hu"sv,     "ie"sv,     "im"sv,     "iq"sv,     "is"sv,     "it"sv,
    "je"sv,     "jo"sv,     "kg"sv,     "ki"sv,     "kz"sv,     "la"sv,     "li"sv,     "lk"sv,
    "lt"sv,     "lu"sv,     "lv"sv,     "md"sv,     "me"sv,     "mg"sv,     "mk"sv,     "ml"sv,
    "mn"sv,     "mu"sv,     "mv"sv,     "mw"sv,     "ne"sv,     "nl"sv,     "no"sv,     "nr"sv,
    "nu"sv,     "pl"sv,     "pn"sv,     "ps"sv,     "pt"sv,     "ro"sv,     "rs"sv,     "ru"sv,
    "rw"sv,     "sc"sv,     "se"sv,     "sh"sv,     "si"sv,     "sk"sv,     "sm"sv,     "sn"sv,
    "so"sv,     "sr"sv,     "st"sv,     "td"sv,     "tg"sv,     "tl"sv,     "tm"sv,     "tn"sv,
    "to"sv,     "tt"sv,     "vu"sv,     "ws"sv,
};
static_assert(std::ranges::is_sorted(google_suffixes));

// [www.]google.SUFFIX
bool is_google_search(std::string_view wire) noexcept {
  constexpr std::string_view www =
      "\x03"
      "www";
  constexpr std::string_view google =
      "\x06"
      "google";
  constexpr std::size_t suffix_wire_max = 8;  // two labels of at most three letters
  if (wire.starts_with(www)) wire.remove_prefix(www.size());
  if (!wire.starts_with(google)) return false;
  wire.remove_prefix(google.size());
  wire.remove_suffix(1);  // the root label
  if (wire.empty() || wire.size() > suffix_wire_max) return false;
  std::array<char, suffix_wire_max> text{};
  const std::size_t first = static_cast<unsigned char>(wire[0]);
  std::copy(wire.begin() + 1, wire.end(), text.begin());
  if (first + 1 < wire.size()) text[first] = '.';
  return std::ranges::binary_search(google_suffixes,
                                    std::string_view{text.data(), wire.size() - 1});
}

Bytes target_of(SafeSearch engine, SafeSearch wanted) noexcept {
  switch (engine) {
    case safe_google: return as_bytes(google_target);
    case safe_bing: return as_bytes(bing_target);
    case safe_duckduckgo: return as_bytes(duckduckgo_target);
    default: break;
  }
  return as_bytes((wanted & safe_youtube_moderate) != 0 ? moderate_target : youtube_target);
}

}  // namespace

std::optional<SafeSearch> parse_safe_search(std::string_view id) noexcept {
  if (id == "google") return safe_google;
  if (id == "bing") return safe_bing;
  if (id == "duckduckgo") return safe_duckduckgo;
  if (id == "youtube") return safe_youtube;
  if (id == "youtube-moderate") return safe_youtube_moderate;
  return std::nullopt;
}

Bytes safe_search_target(SafeSearch wanted, Bytes qname) noexcept {
  const std::string_view wire = as_text(qname);
  if ((wanted & safe_google) != 0 && is_google_search(wire)) return as_bytes(google_target);
  if ((wanted & safe_youtube_moderate) != 0) wanted |= safe_youtube;
  for (const Alias& alias : aliases) {
    if ((wanted & alias.engine) != 0 && alias.name == wire) return target_of(alias.engine, wanted);
  }
  return {};
}

}  // namespace khien::policy
