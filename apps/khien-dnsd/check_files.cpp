// Checks of what khien-dnsd reads and keeps: lists, policies, the snapshot, the user that it
// becomes.
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "check.h"
#include "net/tls_context.h"
#include "policy/list_text.h"
#include "policy/policy_document.h"
#include "resolver/snapshot_disk.h"

namespace khien::dnsd {
namespace {

using Level = Finding::Level;

constexpr std::size_t bad_lines_shown_max = 3;

/// What one line of a list is: the table's own judgement, so that the two cannot differ.
bool is_bad_line(std::string_view line, policy::Source source, const policy::HashKey& key) {
  policy::NameTable table{key};
  const auto counts = policy::add_list(table, line, source);
  return !counts || counts->bad_name + counts->too_wide != 0;
}

struct ListLook {
  std::size_t lines = 0;
  std::size_t bad = 0;
  std::string shown = {};  // "line 7, line 9"
};

ListLook look_at(std::string_view text, policy::Source source) {
  const policy::HashKey key{};
  ListLook look;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    ++look.lines;
    if (!is_bad_line(line, source, key)) continue;
    if (++look.bad > bad_lines_shown_max) continue;
    look.shown += (look.shown.empty() ? "line " : ", line ") + std::to_string(look.lines);
  }
  return look;
}

bool is_readable(const std::filesystem::path& path, std::string& why) {
  if (::access(path.c_str(), R_OK) == 0) return true;
  why = std::strerror(errno);
  return false;
}

}  // namespace

void check_lists(const Options& options, Findings& out) {
  for (const auto& list : options.service.lists) {
    const std::string item = "list " + policy::source_id(list.source) + " " + list.path.string();
    const auto text = read_file(list.path, resolver::list_size_max);
    if (!text) {
      out.push_back({Level::wrong, item,
                     text.error().message + "; give a file that is there and "
                                            "may be read, or leave the option out"});
      continue;
    }
    const auto look = look_at(as_text(*text), list.source);
    const std::string lines = std::to_string(look.lines) + " lines";
    if (look.bad == 0) {
      out.push_back({Level::good, item, lines});
    } else {
      const bool all = look.bad == look.lines;
      out.push_back({all ? Level::wrong : Level::doubtful, item,
                     lines + ", of which " + std::to_string(look.bad) +
                         " are no domain below a top-level domain and are left out: " + look.shown +
                         (look.bad > bad_lines_shown_max ? ", …" : "")});
    }
  }
}

void check_policies(const Options& options, Findings& out) {
  const resolver::ServiceOptions& service = options.service;
  if (service.policies.empty()) return;
  const std::string item = "--policies " + service.policies.string();
  const auto text = read_file(service.policies, policy::policy_document_size_max);
  if (!text) {
    out.push_back({Level::wrong, item, text.error().message});
    return;
  }
  const policy::PolicyDocumentContext context{.has_sinkhole = service.block.sinkhole_v4 ||
                                                              service.block.sinkhole_v6};
  const auto book = policy::read_policies(as_text(*text), context);
  if (!book) {
    out.push_back({Level::wrong, item, book.error().message});
    return;
  }
  out.push_back({Level::good, item,
                 std::to_string((*book)->network_count) + " networks, " +
                     std::to_string((*book)->prefix_count) + " prefixes"});
  std::vector<std::string> heard;
  for (const auto* addresses : {&service.listen, &service.streams.dot, &service.streams.doh}) {
    for (const auto& address : *addresses) heard.push_back(to_string(address));
  }
  const auto unheard = resolver::unheard_listeners(**book, heard);
  if (unheard.empty()) return;
  out.push_back(
      {Level::doubtful, item,
       "networks are known by listeners that no --listen, --dot or --doh names, so nobody "
       "is in them by these: " +
           unheard.front() +
           (unheard.size() == 1 ? "" : " and " + std::to_string(unheard.size() - 1) + " more") +
           "; the address must be written as it is listened on"});
}

void check_snapshot(const Options& options, Findings& out) {
  const auto& folder = options.service.snapshot_folder;
  if (folder.empty()) {
    if (options.service.secondary) {
      out.push_back({Level::doubtful, "--snapshot",
                     "not given: a start while the primary is away answers nothing at all"});
    }
    return;
  }
  const std::string item = "--snapshot " + folder.string();
  std::string why;
  if (::access(folder.c_str(), F_OK) != 0) {
    const bool can_make = ::access(folder.parent_path().c_str(), W_OK | X_OK) == 0;
    out.push_back(can_make ? Finding{Level::good, item, "is not there yet and will be made"}
                           : Finding{Level::wrong, item,
                                     "is not there and cannot be made: install -d -m 700 -o USER " +
                                         folder.string()});
    return;
  }
  if (::access(folder.c_str(), R_OK | W_OK | X_OK) != 0) {
    out.push_back({Level::wrong, item,
                   std::string{"this user may not read and write it ("} + std::strerror(errno) +
                       "): chown it to whom khien-dnsd runs as"});
    return;
  }
  const auto file = folder / resolver::snapshot_file_name;
  if (::access(file.c_str(), F_OK) != 0) {
    out.push_back({Level::good, item, "holds no snapshot yet: the first one follows the rules"});
    return;
  }
  if (!is_readable(file, why)) {
    out.push_back({Level::wrong, item, file.string() + ": " + why});
    return;
  }
  const auto rules = resolver::map_snapshot(file);
  out.push_back(
      rules ? Finding{Level::good, item,
                      "a good snapshot of " + std::to_string((*rules)->name_count()) + " names"}
            : Finding{Level::wrong, item,
                      rules.error().message + "; move " + file.string() +
                          " away, and the rules are taken anew"});
}

void check_telemetry(const Options& options, Findings& out) {
  const auto& names = options.service.new_names;
  if (names && !names->suffix_list.empty()) {
    const auto list = text::PublicSuffixList::load(names->suffix_list);
    const std::string item = "--suffix-list " + names->suffix_list.string();
    out.push_back(list ? Finding{Level::good, item, std::to_string(list->rule_count()) + " rules"}
                       : Finding{Level::wrong, item, list.error().message});
  }
  const auto& tap = options.service.tap;
  if (!tap) return;
  const std::string item = "--dnstap " + tap->file.string();
  const auto folder = tap->file.has_parent_path() ? tap->file.parent_path() : ".";
  const std::int64_t left_ms = tap->until_ms - SystemClock{}.now_ms();
  std::error_code ignored;
  if (left_ms > resolver::tap_time_max_ms) {
    out.push_back({Level::wrong, item, "--dnstap-until is more than 24 hours ahead"});
  } else if (left_ms <= 0) {
    out.push_back({Level::doubtful, item, "--dnstap-until is over: it starts without dnstap"});
  } else if (std::filesystem::exists(std::filesystem::symlink_status(tap->file, ignored))) {
    out.push_back({Level::doubtful, item, "is there already: it starts without dnstap"});
  } else if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    out.push_back(
        {Level::doubtful, item,
         std::string{"cannot be made ("} + std::strerror(errno) + "): it starts without dnstap"});
  } else {
    out.push_back(
        {Level::good, item, "for " + std::to_string(left_ms / ms_per_minute) + " minutes"});
  }
}

void check_user(const Options& options, Findings& out) {
  if (options.user.empty()) {
    if (::geteuid() == 0) {
      out.push_back({Level::doubtful, "--user",
                     "not given, and this is root: give an account "
                     "without rights, such as --user khien-dnsd"});
    }
    return;
  }
  if (::getpwnam(options.user.c_str()) == nullptr) {  // NOLINT(concurrency-mt-unsafe)
    out.push_back({Level::wrong, "--user " + options.user,
                   "there is no such user: useradd --system --no-create-home " + options.user});
  } else {
    out.push_back({Level::good, "--user " + options.user, "is there"});
  }
}

}  // namespace khien::dnsd
