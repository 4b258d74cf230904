// Finds in free text (a report, an SMS, a pasted chat) what can be looked up, judged or ordered.
// Written for Vietnamese as people type it: with and without diacritics, defanged, with spaces
// around dots. Prefers to miss what is doubtful: an officer can add a subject, and must not have to
// remove ten. Pure function of its arguments; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "text/suffix_list.h"

namespace khien::text {

constexpr std::size_t extract_size_max = std::size_t{64} << 10U;  // octets of input
constexpr std::size_t extract_found_max = 200;                    // different subjects

enum class FoundKind : std::uint8_t { url, host, ip, phone, email, bank_account };

[[nodiscard]] std::string_view to_string(FoundKind kind) noexcept;

struct Found {
  FoundKind kind;
  std::string value;    ///< canonical: to_string(Url), normalised host, address, E.164, digits
  std::string host;     ///< of a url, host or email; empty for the others and for address URLs
  std::string written;  ///< as it stood, after clean_text() and without defanging brackets
};

struct Extraction {
  std::vector<Found> found;  ///< in the order of FoundKind scans; no (kind, value) twice
  bool cut = false;          ///< extract_found_max was reached and more stood there
};

/// malformed if `text` is not UTF-8; limit_exceeded above extract_size_max.
///  - url: with http or https (or hxxp), or a bare host followed by a path or port;
///  - host: a bare name below a listed suffix, or below .example or .test (training, demos);
///  - ip: IPv4 dotted quad, IPv6 text;  - phone: see phone_to_e164();
///  - bank_account: 6 to 19 digits, only after a label such as "STK" or "số tài khoản".
[[nodiscard]] Result<Extraction> extract_subjects(std::string_view text,
                                                  const PublicSuffixList& suffixes);

}  // namespace khien::text
