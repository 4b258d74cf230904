// The list parsers on any octets; the first octet chooses the format. What they give is a
// normalised host, and pieces of any size give the same as the whole.
#include <string>

#include "base/assert.h"
#include "exchange/list_reader.h"
#include "exchange/name_set.h"
#include "text/host.h"

using namespace khien;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const exchange::ListOptions options{.format = static_cast<exchange::ListFormat>(data[0] % 5)};
  const auto text = as_text(Bytes{data + 1, size - 1});

  std::string whole;
  exchange::NameSetBuilder builder;
  const auto counts = exchange::read_list(text, options, [&](const exchange::ListEntry& entry) {
    const auto host = text::host_from(entry.host);
    KHIEN_ASSERT(host.has_value() && *host == entry.host);
    whole.append(entry.host).append(1, '\n');
    KHIEN_ASSERT(builder.add(entry));
  });

  std::string pieces;
  exchange::ListReader reader{options, [&pieces](const exchange::ListEntry& entry) {
                                pieces.append(entry.host).append(1, '\n');
                              }};
  bool read = true;
  for (std::size_t at = 0; read && at < text.size(); at += 7) {
    read = reader.read(text.substr(at, 7)).has_value();
  }
  read = read && reader.finish().has_value();
  KHIEN_ASSERT(read == counts.has_value());
  KHIEN_ASSERT(pieces == whole);

  exchange::SetCounts set_counts;
  const auto set = builder.build(set_counts);
  const auto again = exchange::NameSet::read(set.write());
  KHIEN_ASSERT(again.has_value() && *again == set);
  return 0;
}
