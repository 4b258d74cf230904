#include "net/tls_bio.h"

#include <openssl/bio.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace khien::net {
namespace {

bool may_retry(ssize_t moved) noexcept {
  return moved < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int fd_of(BIO* bio) noexcept {
  int fd = -1;
  BIO_get_fd(bio, &fd);
  return fd;
}

int write_socket(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  const ssize_t put = ::send(fd_of(bio), data, size, MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (may_retry(put)) BIO_set_retry_write(bio);
  *written = put > 0 ? static_cast<std::size_t>(put) : 0;
  return put > 0 ? 1 : 0;
}

int read_socket(BIO* bio, char* data, std::size_t size, std::size_t* read) {
  const ssize_t got = ::recv(fd_of(bio), data, size, 0);
  BIO_clear_retry_flags(bio);
  if (may_retry(got)) BIO_set_retry_read(bio);
  *read = got > 0 ? static_cast<std::size_t>(got) : 0;
  return got > 0 ? 1 : 0;
}

// The descriptor stands where BIO_get_fd() looks for it.
long control(BIO* bio, int command, long number, void* pointer) {
  switch (command) {
    case BIO_C_SET_FD:
      BIO_set_data(bio, std::make_unique<int>(*static_cast<int*>(pointer)).release());
      BIO_set_init(bio, 1);
      return 1;
    case BIO_C_GET_FD:
      *static_cast<int*>(pointer) = *static_cast<int*>(BIO_get_data(bio));
      return 1;
    case BIO_CTRL_FLUSH: return 1;
    default: static_cast<void>(number); return 0;
  }
}

int destroy(BIO* bio) {
  const std::unique_ptr<int> owned{static_cast<int*>(BIO_get_data(bio))};
  BIO_set_data(bio, nullptr);
  return 1;
}

const BIO_METHOD* socket_method() noexcept {
  static const std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> method = [] {
    std::unique_ptr<BIO_METHOD, void (*)(BIO_METHOD*)> made{
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "khien socket"), BIO_meth_free};
    if (made) {
      BIO_meth_set_write_ex(made.get(), write_socket);
      BIO_meth_set_read_ex(made.get(), read_socket);
      BIO_meth_set_ctrl(made.get(), control);
      BIO_meth_set_destroy(made.get(), destroy);
    }
    return made;
  }();
  return method.get();
}

}  // namespace

bio_st* make_socket_bio(int fd) noexcept {
  const BIO_METHOD* method = socket_method();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio != nullptr) BIO_set_fd(bio, fd, BIO_NOCLOSE);
  return bio;
}

}  // namespace khien::net
