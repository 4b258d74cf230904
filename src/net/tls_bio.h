// OpenSSL's reads and writes on a descriptor of ours, without SIGPIPE. Internal to net.
#pragma once

struct bio_st;

namespace khien::net {

/// A BIO over a non-blocking stream socket; does not own `fd`. Null if memory is out.
[[nodiscard]] bio_st* make_socket_bio(int fd) noexcept;

}  // namespace khien::net
