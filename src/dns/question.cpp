#include "dns/question.h"

namespace khien::dns {

Wire<Header> parse_header(Bytes message) noexcept {
  if (message.size() < header_size) return tl::unexpected(WireError::truncated);
  return Header{.id = load_u16(message, 0),
                .flags = load_u16(message, 2),
                .question_count = load_u16(message, 4),
                .answer_count = load_u16(message, 6),
                .authority_count = load_u16(message, 8),
                .additional_count = load_u16(message, 10)};
}

Wire<Question> parse_question(Bytes message) noexcept {
  const auto header = parse_header(message);
  if (!header) return tl::unexpected(header.error());
  if (header->question_count != 1) return tl::unexpected(WireError::not_one_question);

  const auto name = NameView::parse_prefix(message.subspan(header_size));
  if (!name) return tl::unexpected(name.error());
  const std::size_t at = header_size + name->size();
  if (4 > message.size() - at) return tl::unexpected(WireError::truncated);
  return Question{
      .qname = name->wire(), .qtype = load_u16(message, at), .qclass = load_u16(message, at + 2)};
}

}  // namespace khien::dns
