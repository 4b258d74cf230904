#include "dns/message.h"

#include <algorithm>

#include "dns/rdata_layout.h"

namespace khien::dns {

/// Collects the labels of one name, following pointers.
class NameExpander {
 public:
  [[nodiscard]] Wire<ExpandedName> run(Bytes message, std::size_t at) noexcept {
    std::size_t end = 0;      // behind the first pointer, once there is one
    std::size_t lowest = at;  // pointers must go before everything read so far
    std::size_t hops = 0;
    while (true) {
      if (at >= message.size()) return tl::unexpected(WireError::truncated);
      const std::size_t length = message[at];
      if ((length & 0xC0) == 0xC0) {
        if (2 > message.size() - at) return tl::unexpected(WireError::truncated);
        const std::size_t target = load_u16(message, at) & 0x3FFFU;
        if (target >= lowest || target < header_size || ++hops > pointer_hops_max) {
          return tl::unexpected(WireError::bad_pointer);
        }
        if (end == 0) end = at + 2;
        at = lowest = target;
        continue;
      }
      if (length > label_size_max) return tl::unexpected(WireError::bad_label);
      if (length + 1 > message.size() - at) return tl::unexpected(WireError::truncated);
      if (!append(message.subspan(at, length + 1))) {
        return tl::unexpected(WireError::name_too_long);
      }
      at += length + 1;
      if (length == 0) break;
    }
    name_.size_ = static_cast<std::uint8_t>(size_);
    return ExpandedName{.name = name_, .end = end == 0 ? at : end};
  }

 private:
  bool append(Bytes label) noexcept {
    if (label.size() > name_size_max - size_) return false;
    std::copy(label.begin(), label.end(), name_.octets_.begin() + static_cast<int>(size_));
    size_ += label.size();
    return true;
  }
  NameBuffer name_;
  std::size_t size_ = 0;
};

Wire<ExpandedName> read_name(Bytes message, std::size_t at) noexcept {
  return NameExpander{}.run(message, at);
}

Wire<MessageReader> MessageReader::open(Bytes message) noexcept {
  const auto header = parse_header(message);
  if (!header) return tl::unexpected(header.error());
  if (header->question_count > 1) return tl::unexpected(WireError::not_one_question);
  MessageReader reader{message, *header};
  if (header->question_count == 1) {
    const auto question = parse_question(message);
    if (!question) return tl::unexpected(question.error());
    reader.question_ = *question;
    reader.at_ = question_end(*question);
  }
  return reader;
}

Wire<std::optional<RecordView>> MessageReader::next() noexcept {
  if (error_) return tl::unexpected(*error_);
  const std::uint32_t record_count =
      std::uint32_t{header_.answer_count} + header_.authority_count + header_.additional_count;
  if (records_read_ == record_count) {
    if (at_ != message_.size()) {
      error_ = WireError::trailing_octets;
      return tl::unexpected(*error_);
    }
    return std::nullopt;
  }
  auto record = read_record();
  if (!record) {
    error_ = record.error();
    return tl::unexpected(*error_);
  }
  ++records_read_;
  return std::optional<RecordView>{*record};
}

Wire<RecordView> MessageReader::read_record() noexcept {
  constexpr std::size_t fixed_part_size = 10;  // type, class, ttl, rdlength
  const auto owner = read_name(message_, at_);
  if (!owner) return tl::unexpected(owner.error());
  std::size_t at = owner->end;
  if (fixed_part_size > message_.size() - at) return tl::unexpected(WireError::truncated);

  RecordView record;
  record.owner = owner->name;
  record.type = load_u16(message_, at);
  record.rclass = load_u16(message_, at + 2);
  record.ttl = load_u32(message_, at + 4);
  const std::size_t rdata_size = load_u16(message_, at + 8);
  at += fixed_part_size;
  if (rdata_size > message_.size() - at) return tl::unexpected(WireError::truncated);
  record.at = at_;
  record.rdata_at = at;
  record.rdata = message_.subspan(at, rdata_size);
  at_ = at + rdata_size;

  if (records_read_ < header_.answer_count) {
    record.section = Section::answer;
  } else if (records_read_ - header_.answer_count < header_.authority_count) {
    record.section = Section::authority;
  } else {
    record.section = Section::additional;
  }
  return record;
}

namespace {

/// Walks one record's RDATA by its layout and copies it, names expanded.
class RdataExpander {
 public:
  RdataExpander(Bytes message, const RecordView& record)
      : message_(message), at_(record.rdata_at), end_(record.rdata_at + record.rdata.size()) {}

  Wire<Octets> run(const Layout& layout) {
    for (const Field field : layout) {
      if (field == Field::end) break;
      if (const auto step = take(field); !step) return tl::unexpected(step.error());
    }
    if (at_ != end_) return tl::unexpected(WireError::bad_rdata);
    return std::move(out_);
  }

 private:
  Wire<void> take(Field field) {
    switch (field) {
      case Field::rest: return copy(end_ - at_);
      case Field::string: return take_string();
      case Field::strings:
        do {
          if (const auto step = take_string(); !step) return step;
        } while (at_ < end_);
        return {};
      case Field::name_compressed:
      case Field::name_expanded: return take_name();
      case Field::name_plain: return take_plain_name();
      default: return copy(fixed_size(field));
    }
  }

  Wire<void> copy(std::size_t size) {
    if (size > end_ - at_) return tl::unexpected(WireError::bad_rdata);
    const Bytes run = message_.subspan(at_, size);
    out_.insert(out_.end(), run.begin(), run.end());
    at_ += size;
    return {};
  }

  Wire<void> take_string() {
    if (at_ >= end_) return tl::unexpected(WireError::bad_rdata);
    return copy(1 + std::size_t{message_[at_]});
  }

  Wire<void> take_name() {
    const auto name = read_name(message_.first(end_), at_);
    if (!name) {
      // A name that runs past RDLENGTH is the record's fault, not the packet's end.
      const bool ran_out = name.error() == WireError::truncated;
      return tl::unexpected(ran_out ? WireError::bad_rdata : name.error());
    }
    const Bytes wire = name->name.view().wire();
    out_.insert(out_.end(), wire.begin(), wire.end());
    at_ = name->end;
    return {};
  }

  Wire<void> take_plain_name() {
    const auto name = NameView::parse_prefix(message_.subspan(at_, end_ - at_));
    if (!name) return tl::unexpected(WireError::bad_rdata);
    return copy(name->size());
  }

  Bytes message_;
  std::size_t at_;
  std::size_t end_;
  Octets out_;
};

/// OPT and TSIG have a place of their own (RFC 6891 section 6.1.1, RFC 8945 section 5.1).
class MetaRecordCheck {
 public:
  Wire<void> see(const RecordView& record) noexcept {
    if (tsig_seen_) return tl::unexpected(WireError::bad_tsig);  // something follows it
    if (record.type == type_opt) {
      const bool at_root = record.owner.view().is_root();
      if (record.section != Section::additional || !at_root || std::exchange(opt_seen_, true)) {
        return tl::unexpected(WireError::bad_opt);
      }
    }
    if (record.type == type_tsig) {
      if (record.section != Section::additional) return tl::unexpected(WireError::bad_tsig);
      tsig_seen_ = true;
    }
    return {};
  }

 private:
  bool opt_seen_ = false;
  bool tsig_seen_ = false;
};

std::vector<Record>& records_of(Message& message, Section section) noexcept {
  switch (section) {
    case Section::answer: return message.answers;
    case Section::authority: return message.authorities;
    case Section::additional: break;
  }
  return message.additionals;
}

}  // namespace

Wire<Octets> expand_rdata(Bytes message, const RecordView& record) {
  // Dynamic update uses empty RDATA with the classes ANY and NONE (RFC 2136 section 2.4).
  const bool may_be_empty = record.rclass == class_any || record.rclass == class_none;
  if (record.rdata.empty() && may_be_empty && record.type != type_opt) return Octets{};
  return RdataExpander{message, record}.run(rdata_layout(record.type));
}

Wire<Message> parse_message(Bytes bytes) {
  auto reader = MessageReader::open(bytes);
  if (!reader) return tl::unexpected(reader.error());
  Message message{.header = reader->header(),
                  .question = {},
                  .answers = {},
                  .authorities = {},
                  .additionals = {}};
  if (const auto& question = reader->question()) {
    message.question = OwnedQuestion{
        .name = Name{question->name()}, .qtype = question->qtype, .qclass = question->qclass};
  }
  MetaRecordCheck meta;
  while (true) {
    const auto record = reader->next();
    if (!record) return tl::unexpected(record.error());
    if (!record->has_value()) return message;
    const RecordView& view = **record;
    if (const auto placed = meta.see(view); !placed) return tl::unexpected(placed.error());
    auto rdata = expand_rdata(bytes, view);
    if (!rdata) return tl::unexpected(rdata.error());
    records_of(message, view.section)
        .push_back(Record{.owner = Name{view.owner.view()},
                          .type = view.type,
                          .rclass = view.rclass,
                          .ttl = view.ttl,
                          .rdata = std::move(*rdata)});
  }
}

}  // namespace khien::dns
