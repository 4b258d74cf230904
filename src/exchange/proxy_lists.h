// Signed lists of names and addresses as a proxy's helper asks them: kept from files that somebody
// else replaces, believed only if signed and not over, and told apart from "not listed" where they
// are not. ask() may be called while another thread refreshes.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/snapshot.h"
#include "exchange/minisign.h"
#include "exchange/name_set.h"
#include "exchange/signed_list.h"
#include "exchange/url_list.h"

namespace khien::exchange {

constexpr std::size_t proxy_lists_max = 64;  // files of one helper

/// True for the name of a list of addresses: it ends in ".urls".
[[nodiscard]] bool holds_urls(const std::filesystem::path& file);

enum class ProxyVerdict : std::uint8_t { listed, not_listed, unknown };

struct ProxyAnswer {
  ProxyVerdict verdict = ProxyVerdict::unknown;
  std::string list = {};        ///< that has it; of `unknown` the one that is missing
  std::string objections = {};  ///< URL from the list's head, or empty
};

class ProxyLists {
 public:
  /// A file whose name ends in ".urls" holds addresses; every other one names, in the format
  /// "domains". Nothing is read yet. `complain` gets a sentence for the operator, from refresh().
  struct Options {
    std::vector<std::filesystem::path> files;
    MinisignPublicKey key;
  };
  ProxyLists(Options options, const Clock& clock, std::function<void(const std::string&)> complain);

  /// Reads files that changed since they were looked at. A list that is bad, over or older than the
  /// one in force changes nothing, and that is said once. One thread at a time.
  void refresh();

  /// listed if any good list has the target, else unknown if any list is missing or over, else
  /// not_listed. What names no host is not listed.
  [[nodiscard]] ProxyAnswer ask(std::string_view target);

 private:
  struct Content {
    ListStatement statement;
    std::string objections;
    NameSet names;
    UrlRules urls;
  };
  struct List {
    std::filesystem::path file;
    std::string name;  // without ".domains" or ".urls"
    Snapshot<Content> content;
    std::string seen;  // of the two files as they were looked at last
    bool end_told = false;
  };

  [[nodiscard]] Result<std::shared_ptr<const Content>> read(const List& list) const;
  void refresh(List& list);

  MinisignPublicKey key_;
  const Clock& clock_;
  std::function<void(const std::string&)> complain_;
  std::vector<std::unique_ptr<List>> lists_;
};

}  // namespace khien::exchange
