// Whole DNS messages, read (RFC 1035 section 4). MessageReader walks a packet in place, without
// allocation, for the data path; Message owns everything, for the control side. Both refuse the
// whole message at the first fault. Neither knows what a record means (rdata.h, edns.h, tsig.h).
//
// Compression (RFC 1035 section 4.1.4): a pointer must go strictly backwards, to the end of the
// header or later, and at most pointer_hops_max of them may be followed for one name.
#pragma once

#include <optional>
#include <vector>

#include "dns/name.h"
#include "dns/question.h"
#include "dns/wire.h"

namespace khien::dns {

constexpr std::size_t pointer_hops_max = 127;  // as many as a name has labels

enum class Section : std::uint8_t { answer, authority, additional };

struct ExpandedName {
  NameBuffer name;
  std::size_t end;  // offset just behind the name as it stands at its place
};

/// The name at `at` of `message`, pointers followed.
[[nodiscard]] Wire<ExpandedName> read_name(Bytes message, std::size_t at) noexcept;

/// A record in place. Borrows the message.
struct RecordView {
  Section section = Section::answer;
  NameBuffer owner = {};
  std::uint16_t type = 0;
  std::uint16_t rclass = 0;  // OPT keeps its payload size here
  std::uint32_t ttl = 0;     // OPT keeps rcode, version and flags here
  std::size_t at = 0;        // offset of the record's owner in the message
  std::size_t rdata_at = 0;  // offset of `rdata` in the message: names in it may be compressed
  Bytes rdata = {};
};

/// Walks the records of one message. Borrows it; copy it freely.
class MessageReader {
 public:
  /// Reads header and question. A QDCOUNT above 1 is not_one_question; 0 is allowed.
  [[nodiscard]] static Wire<MessageReader> open(Bytes message) noexcept;

  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] const std::optional<Question>& question() const noexcept { return question_; }
  [[nodiscard]] Bytes message() const noexcept { return message_; }

  /// The next record; nullopt behind the last, if the message ends there (else trailing_octets).
  /// After an error every further call returns it again.
  [[nodiscard]] Wire<std::optional<RecordView>> next() noexcept;

 private:
  MessageReader(Bytes message, const Header& header) noexcept
      : message_(message), header_(header) {}
  [[nodiscard]] Wire<RecordView> read_record() noexcept;

  Bytes message_;
  Header header_;
  std::optional<Question> question_;
  std::size_t at_ = header_size;
  std::uint32_t records_read_ = 0;
  std::optional<WireError> error_;
};

/// The record's RDATA checked against its type, with the names in it expanded; octets of types
/// without names are taken as they are (RFC 3597). bad_rdata, or what was wrong with a name.
[[nodiscard]] Wire<Octets> expand_rdata(Bytes message, const RecordView& record);

/// An owned record with uncompressed RDATA.
struct Record {
  Name owner;
  std::uint16_t type = 0;
  std::uint16_t rclass = class_in;
  std::uint32_t ttl = 0;
  Octets rdata;

  [[nodiscard]] friend bool operator==(const Record&, const Record&) = default;
};

struct OwnedQuestion {
  Name name;
  std::uint16_t qtype = 0;
  std::uint16_t qclass = class_in;
};

struct Message {
  Header header;  // counts as they stood in the packet
  std::optional<OwnedQuestion> question;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;  // with OPT and TSIG, in place
};

/// Everything in `bytes`. Besides what the reader refuses: bad_opt, bad_tsig, bad_rdata.
[[nodiscard]] Wire<Message> parse_message(Bytes bytes);

}  // namespace khien::dns
