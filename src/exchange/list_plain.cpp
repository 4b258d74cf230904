// Hosts files and plain lists of names.
#include <algorithm>
#include <array>

#include "exchange/list_formats.h"
#include "text/ip.h"
#include "text/utf8.h"

namespace khien::exchange {
namespace {

// What hosts files carry for the machine itself (hosts(5) and its descendants).
constexpr std::array<std::string_view, 14> local_names{"localhost",     "localhost.localdomain",
                                                       "local",         "broadcasthost",
                                                       "ip6-localhost", "ip6-loopback",
                                                       "ip6-localnet",  "ip6-mcastprefix",
                                                       "ip6-allnodes",  "ip6-allrouters",
                                                       "ip6-allhosts",  "0.0.0.0",
                                                       "localhost4",    "localhost6"};

bool is_local(std::string_view name) {
  const auto lower = text::ascii_lower(name);
  return std::find(local_names.begin(), local_names.end(), lower) != local_names.end();
}

// Addresses that mean "nowhere".
bool is_sink_address(std::string_view address) {
  const auto parsed = text::parse_ip(address);
  if (!parsed) return false;
  const auto canonical = text::to_string(*parsed);
  return canonical == "0.0.0.0" || canonical.starts_with("127.") || canonical == "::" ||
         canonical == "::1";
}

class HostsParser final : public ListReader::LineParser {
 public:
  Result<void> parse(std::string_view line, ListCounts& counts, const ListSink& sink) override {
    line = line.substr(0, line.find('#'));
    const auto address = take_word(line);
    if (address.empty()) return {};
    // hosts(5) gives link-local addresses a zone: fe80::1%lo0.
    const auto bare = address.substr(0, address.find('%'));
    if (!text::parse_ip(bare)) {
      counts.refuse(ListRefusal::bad_syntax);
      return {};
    }
    std::size_t count = 0;
    for (auto name = take_word(line); !name.empty(); name = take_word(line)) {
      if (++count > list_hosts_per_line_max) {
        counts.refuse(ListRefusal::bad_syntax);
        break;
      }
      if (is_local(name)) {
        counts.refuse(ListRefusal::local_name);
      } else if (!is_sink_address(bare)) {
        counts.refuse(ListRefusal::other_address);
      } else {
        give_host(name, Reach::host, counts, sink);
      }
    }
    if (count == 0) counts.refuse(ListRefusal::bad_syntax);
    return {};
  }
};

class DomainsParser final : public ListReader::LineParser {
 public:
  explicit DomainsParser(Reach plain) : plain_(plain) {}

  Result<void> parse(std::string_view line, ListCounts& counts, const ListSink& sink) override {
    line = line.substr(0, line.find('#'));
    const auto name = take_word(line);
    if (name.empty() || name.starts_with('!') || name.starts_with(';')) return {};
    if (!take_word(line).empty()) {
      counts.refuse(ListRefusal::bad_syntax);
    } else if (name.starts_with("*.")) {
      // In plain lists the star means the name with all below it.
      give_host(name.substr(2), Reach::domain, counts, sink);
    } else if (name.find("://") != std::string_view::npos ||
               name.find('/') != std::string_view::npos) {
      counts.refuse(ListRefusal::url_path);
    } else {
      give_host(name, plain_, counts, sink);
    }
    return {};
  }

 private:
  Reach plain_;
};

}  // namespace

std::unique_ptr<ListReader::LineParser> make_hosts_parser() {
  return std::make_unique<HostsParser>();
}

std::unique_ptr<ListReader::LineParser> make_domains_parser(const ListOptions& options) {
  return std::make_unique<DomainsParser>(options.plain_scope == cases::Scope::host ? Reach::host
                                                                                   : Reach::domain);
}

}  // namespace khien::exchange
