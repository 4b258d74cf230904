#include "resolver/zone_copy.h"

#include <fmt/format.h>

namespace khien::resolver {
namespace {

using Change = dns::TransferReader::Change;

std::string line_of(dns::NameView owner, std::uint32_t ttl, std::uint16_t type, Bytes rdata) {
  return fmt::format("{} {} IN {} {}", dns::Name{owner}.lower().to_text(), ttl,
                     dns::type_to_text(type), dns::rdata_to_text(type, rdata));
}

}  // namespace

std::optional<std::uint32_t> ZoneCopy::serial() const {
  return has_zone_ ? std::optional{soa_.serial} : std::nullopt;
}

std::string ZoneCopy::head() const {
  const Octets soa = dns::make_soa(soa_);
  return line_of(zone_.view(), soa_.minimum_s, dns::type_soa, soa) + "\n";
}

std::string ZoneCopy::empty_text() const { return head(); }

std::string ZoneCopy::text() const {
  std::string out = head();
  std::size_t size = out.size();
  for (const std::string& line : lines_) size += line.size() + 1;
  out.reserve(size);
  for (const std::string& line : lines_) {
    out += line;
    out += '\n';
  }
  return out;
}

bool ZoneCopy::apply(const std::vector<Step>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool is_add = steps[i].change == Change::add;
    const bool fits =
        is_add ? lines_.insert(steps[i].line).second : lines_.erase(steps[i].line) == 1;
    if (fits) continue;
    while (i-- > 0) {  // back to where we were
      if (steps[i].change == Change::add) {
        lines_.erase(steps[i].line);
      } else {
        lines_.insert(steps[i].line);
      }
    }
    return false;
  }
  return true;
}

ZoneCopy::Update::Update(ZoneCopy& copy, std::optional<std::uint32_t> asked_from)
    : copy_(copy), reader_(copy.zone_, asked_from) {}

Result<bool> ZoneCopy::Update::feed(Bytes message) {
  auto fed = reader_.feed(message, [this](Bytes whole, const dns::RecordView& record,
                                          Change change) { return take(whole, record, change); });
  if (!fed) return tl::unexpected(std::move(fed).error());
  return reader_.done();
}

Result<void> ZoneCopy::Update::take(Bytes message, const dns::RecordView& record, Change change) {
  if (!record.owner.view().is_at_or_below(copy_.zone_)) {
    return dns::bad_transfer("a record of another zone");
  }
  if (steps_.size() == copy_.records_max_) {
    return fail(ErrorCode::limit_exceeded, "the zone has too many records", "zone_records");
  }
  const auto rdata = dns::expand_rdata(message, record);
  if (!rdata) return dns::bad_transfer("a broken record");
  steps_.push_back(
      {.change = change, .line = line_of(record.owner.view(), record.ttl, record.type, *rdata)});
  return {};
}

Result<bool> ZoneCopy::Update::finish() {
  if (reader_.outcome() == dns::TransferReader::Outcome::current) return false;
  if (reader_.outcome() == dns::TransferReader::Outcome::whole) {
    std::unordered_set<std::string> lines;
    lines.reserve(steps_.size());
    for (Step& step : steps_) lines.insert(std::move(step.line));
    copy_.lines_ = std::move(lines);
  } else if (!copy_.apply(steps_)) {
    return fail(ErrorCode::conflict, "the changes do not fit the zone that we have");
  }
  copy_.soa_ = reader_.soa();
  copy_.has_zone_ = true;
  return true;
}

}  // namespace khien::resolver
