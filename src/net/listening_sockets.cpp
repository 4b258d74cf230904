#include "net/listening_sockets.h"

namespace khien::net {

Result<UdpSocket> ListeningSockets::udp(const BindOptions& options) {
  if (auto fd = inherited_.udp(options.address)) return UdpSocket::adopt(std::move(*fd));
  auto socket = UdpSocket::bind(options);
  if (socket) bound_.push_back(socket->fd());
  return socket;
}

Result<TcpListener> ListeningSockets::tcp(const BindOptions& options) {
  if (auto fd = inherited_.tcp(options.address)) return TcpListener::adopt(std::move(*fd));
  auto listener = TcpListener::listen(options);
  if (listener) bound_.push_back(listener->fd());
  return listener;
}

}  // namespace khien::net
