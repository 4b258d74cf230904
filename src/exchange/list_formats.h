// The line parsers of list_reader.h, one a format. Internal to this module.
#pragma once

#include <memory>
#include <string_view>

#include "exchange/list_reader.h"

namespace khien::exchange {

[[nodiscard]] std::unique_ptr<ListReader::LineParser> make_hosts_parser();
[[nodiscard]] std::unique_ptr<ListReader::LineParser> make_domains_parser(const ListOptions&);
[[nodiscard]] std::unique_ptr<ListReader::LineParser> make_adblock_parser();
[[nodiscard]] std::unique_ptr<ListReader::LineParser> make_rpz_parser();
[[nodiscard]] std::unique_ptr<ListReader::LineParser> make_csv_parser(const ListOptions&);

/// Normalises `name` and gives it to `sink`, or counts why not. At least two labels.
void give_host(std::string_view name, Reach reach, ListCounts& counts, const ListSink& sink);

/// Splits off the first word, separated by spaces and tabs; empty at the end. Borrowed.
[[nodiscard]] std::string_view take_word(std::string_view& line) noexcept;

}  // namespace khien::exchange
