// What we take as a mail address: local@domain in ASCII without quoting (RFC 5321 section 4.1.2
// allows more; no mail server that people use needs it). One rule, so that what an account accepts
// is what can be sent to.
#pragma once

#include <cstddef>
#include <string_view>

namespace khien::text {

constexpr std::size_t mail_address_size_max = 254;  // RFC 5321 section 4.5.3.1.3 less the brackets

/// Whether `address` is one. Nothing that it accepts can end a header line or open another address.
[[nodiscard]] bool is_mail_address(std::string_view address) noexcept;

}  // namespace khien::text
