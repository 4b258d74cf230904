// Other people's block lists, read line by line: hosts files, plain names, AdBlock rules of the one
// form that means a name, RPZ zone text, CSV. Every entry becomes a normalised host and how far it
// reaches, or a refusal with a reason; nothing is guessed and nothing is silently dropped. What the
// list may do to our users is not decided here (feeds).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cases/scope.h"

namespace khien::exchange {

constexpr std::size_t list_line_max = 4'096;  // octets; longer lines are refused
constexpr std::uint64_t list_size_max = std::uint64_t{1} << 30U;  // octets of one list
constexpr std::uint64_t list_lines_max = 20'000'000;
constexpr std::size_t list_hosts_per_line_max = 16;  // of a hosts file

enum class ListFormat : std::uint8_t { hosts, domains, adblock, rpz, csv };

[[nodiscard]] std::string_view to_string(ListFormat format) noexcept;
[[nodiscard]] std::optional<ListFormat> parse_list_format(std::string_view word) noexcept;

/// Why an entry is not taken. Closed; the words are those of the API and the ledger.
enum class ListRefusal : std::uint8_t {
  line_too_long,
  bad_syntax,  ///< not a line of this format
  not_a_host,  ///< bad characters, labels or length
  bad_idna,
  ip_address,
  single_label,    ///< a bare top-level or local name
  local_name,      ///< localhost and the like, which every hosts file has
  other_address,   ///< a hosts line that points a name at a real address
  exception_rule,  ///< AdBlock @@: the list allows it
  cosmetic_rule,   ///< AdBlock ##: hides parts of a page
  rule_options,    ///< AdBlock $: depends on context that DNS does not have
  pattern_rule,    ///< AdBlock path or pattern: not a name
  url_path,        ///< a page, not a whole host
  rpz_trigger,     ///< RPZ rule on addresses or servers
  rpz_action,      ///< RPZ pass-through or local data: not a block
  below_only,      ///< "*.name" without "name": there is no such scope
};

constexpr std::size_t list_refusal_count = 16;
[[nodiscard]] std::string_view to_string(ListRefusal refusal) noexcept;

/// What an entry covers. `below` alone is half of a domain: "*.name" of an RPZ zone.
enum class Reach : std::uint8_t { host = 1, below = 2, domain = 3 };

struct ListEntry {
  std::string_view host;  ///< normalised; borrowed for the call
  Reach reach;
};

struct ListOptions {
  ListFormat format = ListFormat::domains;
  /// What a plain name means in formats that do not say (domains, csv).
  cases::Scope plain_scope = cases::Scope::host;
  std::string csv_column = "0";  ///< index from 0, or the name in the header line
  char csv_delimiter = ',';
};

struct ListCounts {
  std::uint64_t octets = 0;
  std::uint64_t lines = 0;
  std::uint64_t entries = 0;  ///< given to the sink
  std::array<std::uint64_t, list_refusal_count> refused{};

  [[nodiscard]] std::uint64_t refused_total() const noexcept;
  void refuse(ListRefusal reason) noexcept { ++refused[static_cast<std::size_t>(reason)]; }
};

using ListSink = std::function<void(const ListEntry&)>;

/// Reads one list that arrives in pieces. One thread.
class ListReader {
 public:
  ListReader(ListOptions options, ListSink sink);
  ListReader(ListReader&&) noexcept;
  ListReader& operator=(ListReader&&) noexcept;
  ListReader(const ListReader&) = delete;
  ListReader& operator=(const ListReader&) = delete;
  ~ListReader();

  /// The next octets, cut anywhere. limit_exceeded past list_size_max or list_lines_max; malformed
  /// if a CSV header lacks the column. After an error the reader takes nothing more.
  [[nodiscard]] Result<void> read(std::string_view piece);
  /// Takes the last line, which may lack its line feed.
  [[nodiscard]] Result<void> finish();
  [[nodiscard]] const ListCounts& counts() const noexcept { return counts_; }

  /// Reads the lines of one format; made by the reader for its options.
  class LineParser {
   public:
    virtual ~LineParser() = default;
    [[nodiscard]] virtual Result<void> parse(std::string_view line, ListCounts& counts,
                                             const ListSink& sink) = 0;
  };

 private:
  [[nodiscard]] Result<void> take_line(std::string_view line);
  std::unique_ptr<LineParser> parser_;
  ListSink sink_;
  ListCounts counts_;
  std::string partial_;    // the start of a line whose end has not arrived
  bool skipping_ = false;  // inside a line that is too long
  bool failed_ = false;
};

/// A whole list at once.
[[nodiscard]] Result<ListCounts> read_list(std::string_view text, const ListOptions& options,
                                           const ListSink& sink);

}  // namespace khien::exchange
