#include "publish/zone_pages.h"

#include <algorithm>

#include "base/assert.h"
#include "dns/message.h"
#include "dns/rpz.h"
#include "dns/wire.h"

namespace khien::publish {
namespace {

constexpr std::size_t length_size = 2;
constexpr std::size_t header_size = 12;
constexpr std::size_t pointer_size = 2;
constexpr std::uint16_t pointer_bits = 0xC000;
constexpr std::array<std::uint8_t, 2> wildcard_label{1, '*'};

Octets rest_of_record(const ZoneFacts& zone) {
  const dns::Name target = dns::rpz_action_target(zone.action);
  Octets rest;
  dns::append_u16(rest, dns::type_cname);
  dns::append_u16(rest, dns::class_in);
  dns::append_u32(rest, record_ttl_s);
  dns::append_u16(rest, static_cast<std::uint16_t>(target.view().size()));
  rest.insert(rest.end(), target.wire().begin(), target.wire().end());
  return rest;
}

}  // namespace

PageWriter::PageWriter(const ZoneFacts& zone) : zone_(zone.name), rest_(rest_of_record(zone)) {
  begin_message();
}

void PageWriter::add(dns::NameView name, Shown shown) {
  const Bytes labels = name.wire().first(name.size() - 1);
  const std::size_t record_size = labels.size() + zone_.view().size() + rest_.size();
  const std::size_t size_max = 2 * record_size + wildcard_label.size();
  if (message_size() - length_size + size_max > page_message_size) {
    end_message();
    begin_message();
  }
  if (frames_.size() - size_ < size_max) frames_.resize(2 * frames_.size() + size_max);

  const std::size_t owner_at = message_size() - length_size;
  if (shown.name) {
    add_octets(labels);
    add_owner_end();
    add_octets(rest_);
    ++answer_count_;
  }
  if (shown.below) {
    add_octets(wildcard_label);
    if (shown.name) {
      dns::store_u16(frames_, size_, static_cast<std::uint16_t>(pointer_bits | owner_at));
      size_ += pointer_size;
    } else {
      add_octets(labels);
      add_owner_end();
    }
    add_octets(rest_);
    ++answer_count_;
  }
}

/// The zone's name, or a pointer to where it stands.
void PageWriter::add_owner_end() {
  if (zone_at_ == 0) {
    zone_at_ = message_size() - length_size;
    add_octets(zone_.wire());
    return;
  }
  dns::store_u16(frames_, size_, static_cast<std::uint16_t>(pointer_bits | zone_at_));
  size_ += pointer_size;
}

void PageWriter::add_octets(Bytes octets) {
  std::copy(octets.begin(), octets.end(), frames_.begin() + static_cast<std::ptrdiff_t>(size_));
  size_ += octets.size();
}

void PageWriter::begin_message() {
  message_at_ = size_;
  zone_at_ = 0;
  answer_count_ = 0;
  if (frames_.size() - size_ < length_size + header_size) {
    frames_.resize(2 * frames_.size() + page_message_size);
  }
  std::fill_n(frames_.begin() + static_cast<std::ptrdiff_t>(size_), length_size + header_size,
              std::uint8_t{0});
  size_ += length_size + header_size;
}

void PageWriter::end_message() {
  if (answer_count_ == 0) {
    size_ = message_at_;
    return;
  }
  constexpr std::size_t flags_at = length_size + 2;
  constexpr std::size_t answers_at = length_size + 6;
  const std::size_t size = message_size() - length_size;
  dns::store_u16(frames_, message_at_, static_cast<std::uint16_t>(size));
  dns::store_u16(frames_, message_at_ + flags_at, dns::flag_qr | dns::flag_aa);
  dns::store_u16(frames_, message_at_ + answers_at, answer_count_);
  page_.record_count += answer_count_;
  ++page_.message_count;
}

ZonePage PageWriter::finish() {
  end_message();
  const auto end = frames_.begin() + static_cast<std::ptrdiff_t>(size_);
  page_.frames = Octets{frames_.begin(), end};  // no larger than it must be: it is kept
  return std::move(page_);
}

std::shared_ptr<const ZonePage> PageShelf::find(std::uint32_t page) const noexcept {
  return page < pages_.size() ? pages_[page] : nullptr;
}

std::optional<std::uint32_t> PageShelf::first_missing(std::uint32_t count) const noexcept {
  if (!in_use_->has_room()) return std::nullopt;
  for (std::uint32_t page = 0; page < count; ++page) {
    if (page >= pages_.size() || !pages_[page]) return page;
  }
  return std::nullopt;
}

void PageShelf::put(std::uint32_t page, std::shared_ptr<const ZonePage> made) {
  if (page >= pages_.size()) pages_.resize(page + 1);
  drop(pages_[page]);
  if (!in_use_->has_room()) return;
  in_use_->size += made->frames.size();
  pages_[page] = std::move(made);
}

void PageShelf::forget_page_of(std::uint32_t entry) noexcept {
  const std::uint32_t page = entry / page_entries;
  if (page < pages_.size()) drop(pages_[page]);
}

void PageShelf::clear() noexcept {
  for (auto& page : pages_) drop(page);
  pages_.clear();
}

void PageShelf::drop(std::shared_ptr<const ZonePage>& page) noexcept {
  if (!page) return;
  in_use_->size -= page->frames.size();
  page.reset();
}

}  // namespace khien::publish
