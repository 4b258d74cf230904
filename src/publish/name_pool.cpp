#include "publish/name_pool.h"

#include <algorithm>

#include "base/assert.h"

namespace khien::publish {

NamePlace NamePool::store(dns::NameView name) {
  if (name.size() > chunk_size - used_) {
    chunks_.push_back(std::make_unique<Chunk>());
    used_ = 0;
  }
  const std::size_t offset = (chunks_.size() - 1) * chunk_size + used_;
  std::copy(name.wire().begin(), name.wire().end(),
            chunks_.back()->begin() + static_cast<std::ptrdiff_t>(used_));
  used_ += name.size();
  KHIEN_ASSERT(offset < 0xFFFF'FFFF);
  return static_cast<NamePlace>(offset + 1);
}

dns::NameView NamePool::at(NamePlace place) const noexcept {
  const std::size_t offset = place - 1;
  const Chunk& chunk = *chunks_[offset / chunk_size];
  const auto name = dns::NameView::parse_prefix(Bytes{chunk}.subspan(offset % chunk_size));
  KHIEN_ASSERT(name.has_value());
  return *name;
}

}  // namespace khien::publish
