#include "probe/ask.h"

#include <poll.h>

#include <array>

#include "dns/edns.h"
#include "dns/rdata.h"
#include "dns/writer.h"
#include "net/socket.h"

namespace khien::probe {
namespace {

constexpr std::size_t query_size_max = 512;
constexpr std::size_t length_size = 2;

const dns::Name& policy_zones() {
  static const dns::Name name = *dns::Name::from_text("rpz.khien.");
  return name;
}

Octets make_query(const Ask& ask, std::uint16_t id) {
  Octets buffer(query_size_max);
  dns::MessageWriter writer{buffer, buffer.size()};
  writer.begin(id, dns::flag_rd);
  const bool good =
      writer.add_question(ask.name, ask.qtype, dns::class_in) && dns::add_edns(writer, {});
  KHIEN_ASSERT(good);  // one name and OPT always fit
  buffer.resize(writer.size());
  return buffer;
}

// What is left of the time, for poll(2).
class Deadline {
 public:
  Deadline(const Clock& clock, int timeout_ms)
      : clock_(clock), end_ms_(clock.steady_ms() + timeout_ms) {}
  Result<void> wait(int fd, short events) const {
    pollfd one{.fd = fd, .events = events, .revents = 0};
    const auto left_ms = end_ms_ - clock_.steady_ms();
    if (left_ms > 0 && ::poll(&one, 1, static_cast<int>(left_ms)) > 0) return {};
    return fail(ErrorCode::timeout, "the resolver does not answer");
  }

 private:
  const Clock& clock_;
  std::int64_t end_ms_;
};

Result<Octets> exchange_udp(const Ask& ask, Bytes query, const Deadline& deadline) {
  auto socket = net::UdpSocket::connect(ask.resolver);
  if (!socket) return tl::unexpected(std::move(socket).error());
  if (!socket->send(query)) return fail(ErrorCode::unavailable, "the resolver cannot be reached");
  Octets buffer(dns::message_size_max);
  while (true) {
    if (auto ready = deadline.wait(socket->fd(), POLLIN); !ready) {
      return tl::unexpected(std::move(ready).error());
    }
    const auto received = socket->receive(buffer);
    if (!received) return fail(ErrorCode::unavailable, "the resolver refuses datagrams");
    // Not an answer to this query: someone else's, or a late one. The right one may still come.
    if (received->size < dns::header_size || dns::load_u16(buffer, 0) != dns::load_u16(query, 0)) {
      continue;
    }
    buffer.resize(std::min(received->size, buffer.size()));
    return buffer;
  }
}

Result<Octets> exchange_tcp(const Ask& ask, Bytes query, const Deadline& deadline) {
  auto socket = net::TcpSocket::start_connect(ask.resolver);
  if (!socket) return tl::unexpected(std::move(socket).error());
  if (auto ready = deadline.wait(socket->fd(), POLLOUT); !ready) {
    return tl::unexpected(std::move(ready).error());
  }
  if (socket->connect_error() != 0) {
    return fail(ErrorCode::unavailable, "the resolver refuses connections");
  }
  Octets out;
  dns::append_u16(out, static_cast<std::uint16_t>(query.size()));
  out.insert(out.end(), query.begin(), query.end());
  // A fresh connection takes these few octets at once.
  if (socket->write_some(out).size != out.size()) {
    return fail(ErrorCode::unavailable, "the resolver takes no query");
  }
  Octets in;
  std::array<std::uint8_t, 16'384> buffer;
  while (in.size() < length_size || in.size() - length_size < dns::load_u16(in, 0)) {
    if (auto ready = deadline.wait(socket->fd(), POLLIN); !ready) {
      return tl::unexpected(std::move(ready).error());
    }
    const auto moved = socket->read_some(buffer);
    if (moved.state == net::TcpSocket::State::closed) {
      return fail(ErrorCode::unavailable, "the resolver closed the connection");
    }
    in.insert(in.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(moved.size));
  }
  const std::size_t size = dns::load_u16(in, 0);
  return Octets{in.begin() + length_size,
                in.begin() + static_cast<std::ptrdiff_t>(length_size + size)};
}

void read_extended_error(const dns::Edns& edns, Observation& out) {
  const auto option = dns::find_option(edns, dns::option_extended_error);
  const auto error = option ? dns::parse_extended_error(*option) : std::nullopt;
  if (!error) return;
  out.extended_error = error->info_code;
  out.extended_text = std::string{error->text};
}

void read_address(const dns::RecordView& view, Observation& out) {
  if (view.type != dns::type_a && view.type != dns::type_aaaa) return;
  if (out.addresses.size() == observed_addresses_max) return;
  const auto ip = net::IpAddress::from_octets(view.rdata);
  const std::size_t size = view.type == dns::type_a ? 4 : 16;
  if (ip && view.rdata.size() == size) out.addresses.push_back(*ip);
}

}  // namespace

Result<Observation> observe(Bytes message, const Ask& ask, std::uint16_t id) {
  const auto malformed = [](std::string_view why) {
    return fail(ErrorCode::malformed, "probe: " + std::string{why}, "bad_answer");
  };
  auto reader = dns::MessageReader::open(message);
  if (!reader) return malformed(to_string(reader.error()));
  const auto& question = reader->question();
  if (reader->header().id != id || !reader->header().is_response()) return malformed("not ours");
  if (!question || question->name() != ask.name.view() || question->qtype != ask.qtype) {
    return malformed("an answer to another question");
  }
  Observation out{.rcode = reader->header().rcode(),
                  .answer_count = reader->header().answer_count,
                  .truncated = reader->header().has(dns::flag_tc)};
  while (true) {
    const auto record = reader->next();
    if (!record) return malformed(to_string(record.error()));
    if (!record->has_value()) return out;
    const auto& view = **record;
    if (view.type == dns::type_opt) {
      const auto edns = dns::parse_edns(view);
      if (!edns) return malformed("a broken OPT");
      read_extended_error(*edns, out);
    }
    if (view.section == dns::Section::answer) read_address(view, out);
    if (view.type != dns::type_soa) continue;
    if (view.owner.view().is_at_or_below(policy_zones())) out.rpz_soa = true;
    if (view.section != dns::Section::answer) continue;
    const auto rdata = dns::expand_rdata(message, view);
    const auto serial = rdata ? dns::parse_soa_serial(*rdata)
                              : dns::Wire<std::uint32_t>{tl::unexpected(rdata.error())};
    if (serial) out.soa_serial = *serial;
  }
}

namespace {

Result<WholeAnswer> ask_once(const Ask& ask, const Clock& clock, Rng& rng) {
  const auto id = static_cast<std::uint16_t>(rng.below(65'536));
  const Octets query = make_query(ask, id);
  const std::int64_t start_ms = clock.steady_ms();
  const Deadline deadline{clock, ask.timeout_ms};
  auto message = ask.transport == Transport::udp ? exchange_udp(ask, query, deadline)
                                                 : exchange_tcp(ask, query, deadline);
  if (!message) return tl::unexpected(std::move(message).error());
  auto observation = observe(*message, ask, id);
  if (!observation) return tl::unexpected(std::move(observation).error());
  observation->took_ms = clock.steady_ms() - start_ms;
  return WholeAnswer{.message = std::move(*message), .seen = std::move(*observation)};
}

}  // namespace

Result<Observation> ask(const Ask& ask, const Clock& clock, Rng& rng) {
  auto answer = ask_once(ask, clock, rng);
  if (!answer) return tl::unexpected(std::move(answer).error());
  return std::move(answer->seen);
}

Result<WholeAnswer> ask_whole(const Ask& ask, const Clock& clock, Rng& rng) {
  auto answer = ask_once(ask, clock, rng);
  if (!answer || !answer->seen.truncated || ask.transport == Transport::tcp) return answer;
  auto again = ask;
  again.transport = Transport::tcp;
  return ask_once(again, clock, rng);
}

Result<std::uint32_t> ask_serial(const net::SocketAddress& resolver, const dns::Name& zone,
                                 int timeout_ms, const Clock& clock, Rng& rng) {
  auto observation =
      ask({.resolver = resolver, .name = zone, .qtype = dns::type_soa, .timeout_ms = timeout_ms},
          clock, rng);
  if (!observation) return tl::unexpected(std::move(observation).error());
  if (!observation->soa_serial) {
    return fail(ErrorCode::not_found, "the resolver does not say which serial it follows");
  }
  return *observation->soa_serial;
}

}  // namespace khien::probe
