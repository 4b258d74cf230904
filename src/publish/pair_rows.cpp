#include "publish/pair_rows.h"

#include <algorithm>
#include <charconv>

namespace khien::publish {

// zone_copy_part has the parts of the copy that counts and of one on its way.
const std::string_view pair_schema = R"(
CREATE TABLE zone_frame (
  position {int64} NOT NULL PRIMARY KEY,
  chain {octets} NOT NULL,
  frame {octets} NOT NULL,
  CONSTRAINT zone_frame_position CHECK (position > 0)
) {strict};
CREATE TABLE zone_copy (
  one {int64} NOT NULL PRIMARY KEY,
  position {int64} NOT NULL,
  chain {octets} NOT NULL,
  part_count {int64} NOT NULL,
  CONSTRAINT zone_copy_one CHECK (one = 1)
) {strict};
CREATE TABLE zone_copy_part (
  position {int64} NOT NULL,
  part {int64} NOT NULL,
  content {octets} NOT NULL,
  PRIMARY KEY (position, part)
) {strict};
CREATE TABLE zone_gate (
  one {int64} NOT NULL PRIMARY KEY,
  version {int64} NOT NULL,
  content {octets} NOT NULL,
  CONSTRAINT zone_gate_one CHECK (one = 1)
) {strict};
CREATE TABLE zone_member (
  name TEXT NOT NULL PRIMARY KEY,
  start_id TEXT NOT NULL,
  beat {int64} NOT NULL,
  stopped {int64} NOT NULL,
  position {int64} NOT NULL,
  ceilings TEXT NOT NULL,
  address TEXT NOT NULL,
  key_digests TEXT NOT NULL,
  follower_digest TEXT NOT NULL
) {strict};
)";

namespace {

constexpr std::string_view sql_head =
    "SELECT position, chain FROM zone_frame ORDER BY position DESC LIMIT 1";
constexpr std::string_view sql_chain = "SELECT chain FROM zone_frame WHERE position = $1";
constexpr std::string_view sql_copy =
    "SELECT position, chain, part_count FROM zone_copy WHERE one = 1";
constexpr std::string_view sql_gate_version = "SELECT version FROM zone_gate WHERE one = 1";
constexpr std::string_view sql_members =
    "SELECT name, start_id, beat, stopped, position, ceilings, address, key_digests,"
    " follower_digest FROM zone_member ORDER BY name LIMIT 16";
constexpr std::string_view sql_frames =
    "SELECT position, chain, frame FROM zone_frame WHERE position > $1 ORDER BY position LIMIT $2";
constexpr std::string_view sql_add_frame =
    "INSERT INTO zone_frame (position, chain, frame) VALUES ($1, $2, $3)";
constexpr std::string_view sql_add_part =
    "INSERT INTO zone_copy_part (position, part, content) VALUES ($1, $2, $3)"
    " ON CONFLICT (position, part) DO UPDATE SET content = excluded.content";
constexpr std::string_view sql_finish_copy =
    "INSERT INTO zone_copy (one, position, chain, part_count) VALUES (1, $1, $2, $3)"
    " ON CONFLICT (one) DO UPDATE SET position = $1, chain = $2, part_count = $3";
constexpr std::string_view sql_drop_parts = "DELETE FROM zone_copy_part WHERE position <> $1";
constexpr std::string_view sql_drop_frames = "DELETE FROM zone_frame WHERE position <= $1";
constexpr std::string_view sql_part =
    "SELECT content FROM zone_copy_part WHERE position = $1 AND part = $2";
constexpr std::string_view sql_gate = "SELECT version, content FROM zone_gate WHERE one = 1";
constexpr std::string_view sql_put_gate =
    "INSERT INTO zone_gate (one, version, content) VALUES (1, $1, $2)"
    " ON CONFLICT (one) DO UPDATE SET version = $1, content = $2";
constexpr std::string_view sql_put_member =
    "INSERT INTO zone_member (name, start_id, beat, stopped, position, ceilings, address,"
    " key_digests, follower_digest) VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (name) DO UPDATE SET start_id = $2, beat = zone_member.beat + 1, stopped = $3,"
    " position = $4, ceilings = $5, address = $6, key_digests = $7, follower_digest = $8";

std::int64_t number(std::uint64_t position) { return static_cast<std::int64_t>(position); }

Result<ZoneSet::LogPlace> place_of(const store::Row& row) {
  ZoneSet::LogPlace place{.position = static_cast<std::uint64_t>(row.integer(0))};
  const Octets& chain = row.octets(1);
  if (chain.size() != place.chain.size())
    return fail(ErrorCode::corrupt, "a frame has a bad chain");
  std::copy(chain.begin(), chain.end(), place.chain.begin());
  return place;
}

Result<std::optional<ZoneSet::LogPlace>> find_place(store::Executor& db, std::string_view sql) {
  auto row = db.query_one(sql);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  if (!row->has_value()) return std::optional<ZoneSet::LogPlace>{};
  auto place = place_of(**row);
  if (!place) return tl::unexpected<Error>{std::move(place).error()};
  return std::optional{*place};
}

/// "orders-phishing 17" in a line each.
std::string text_of(const std::vector<ZoneSerial>& serials) {
  std::string text;
  for (const auto& one : serials) text += one.zone + ' ' + std::to_string(one.serial) + '\n';
  return text;
}

/// A zone that this program does not know is passed over: the other one may be newer.
std::vector<ZoneSerial> serials_of(std::string_view text) {
  std::vector<ZoneSerial> serials;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto space = line.find(' ');
    if (space == std::string_view::npos || find_set(line.substr(0, space)) == nullptr) continue;
    ZoneSerial one{.zone = std::string{line.substr(0, space)}};
    const auto digits = line.substr(space + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), one.serial);
    if (read.ec == std::errc{}) serials.push_back(std::move(one));
  }
  return serials;
}

PairMember member_of(const store::Row& row) {
  return {.name = row.text(0),
          .start = row.text(1),
          .beat = row.integer(2),
          .stopped = row.integer(3) != 0,
          .position = static_cast<std::uint64_t>(row.integer(4)),
          .ceilings = serials_of(row.text(5)),
          .address = row.text(6),
          .keys = row.text(7),
          .followers = row.text(8)};
}

}  // namespace

Result<PairView> look_at_pair(store::Executor& db, std::uint64_t position) {
  PairView view;
  auto lease = store::find_lease(db, pair_lease);
  if (!lease) return tl::unexpected<Error>{std::move(lease).error()};
  view.lease = std::move(*lease);
  auto members = db.query(sql_members);
  if (!members) return propagate(std::move(members).error(), "read the publishers");
  for (const auto& row : *members) view.members.push_back(member_of(row));
  auto copy = find_place(db, sql_copy);
  if (!copy) return propagate(std::move(copy).error(), "read the zones' copy");
  view.copy = *copy;
  auto head = find_place(db, sql_head);
  if (!head) return propagate(std::move(head).error(), "read the zones' frames");
  // Frames before the copy are left for a while.
  view.head = *head && (!view.copy || (*head)->position > view.copy->position) ? *head : view.copy;
  auto here = db.query_one(sql_chain, {number(position)});
  if (!here) return propagate(std::move(here).error(), "read the zones' frames");
  if (here->has_value() && (*here)->octets(0).size() == sizeof(crypto::Sha256Digest)) {
    crypto::Sha256Digest chain{};
    std::ranges::copy((*here)->octets(0), chain.begin());
    view.chain_here = chain;
  } else if (view.copy && view.copy->position == position) {
    view.chain_here = view.copy->chain;
  }
  auto gate = db.query_one(sql_gate_version);
  if (!gate) return propagate(std::move(gate).error(), "read the gate");
  if (gate->has_value()) view.gate_version = (*gate)->integer(0);
  return view;
}

Result<std::vector<SharedFrame>> frames_from(store::Executor& db, std::uint64_t position) {
  auto rows = db.query(sql_frames, {number(position), frames_a_look});
  if (!rows) return propagate(std::move(rows).error(), "read the zones' frames");
  std::vector<SharedFrame> frames;
  for (const auto& row : *rows) {
    auto place = place_of(row);
    if (!place) return tl::unexpected<Error>{std::move(place).error()};
    frames.push_back({.place = *place, .frame = row.octets(2)});
  }
  return frames;
}

Result<void> share_frames(store::Transaction& tx, const store::Lease& lease,
                          std::span<const SharedFrame> frames) {
  if (auto ours = store::confirm_lease(tx, lease); !ours) return ours;
  for (const auto& one : frames) {
    auto added = tx.execute(sql_add_frame,
                            {number(one.place.position), Bytes{one.place.chain}, Bytes{one.frame}});
    if (!added) return propagate(std::move(added).error(), "share a frame");
  }
  tx.notify(channel_pair);
  return {};
}

Result<void> add_copy_part(store::Transaction& tx, const store::Lease& lease,
                           std::uint64_t position, std::int64_t part, Bytes content) {
  if (auto ours = store::confirm_lease(tx, lease); !ours) return ours;
  auto added = tx.execute(sql_add_part, {number(position), part, content});
  if (!added) return propagate(std::move(added).error(), "share a copy");
  return {};
}

Result<void> finish_copy(store::Transaction& tx, const store::Lease& lease,
                         const FinishedCopy& copy) {
  if (auto ours = store::confirm_lease(tx, lease); !ours) return ours;
  const auto position = number(copy.place.position);
  auto done = tx.execute(sql_finish_copy, {position, Bytes{copy.place.chain}, copy.part_count});
  if (done) done = tx.execute(sql_drop_parts, {position});
  if (done) done = tx.execute(sql_drop_frames, {position - copy.frames_kept});
  if (!done) return propagate(std::move(done).error(), "share a copy");
  tx.notify(channel_pair);
  return {};
}

Result<Octets> read_copy(store::Executor& db) {
  auto head = db.query_one(sql_copy);
  if (!head) return propagate(std::move(head).error(), "read the zones' copy");
  if (!head->has_value()) return fail(ErrorCode::not_found, "there is no copy of the zones");
  const std::int64_t position = (*head)->integer(0);
  const std::int64_t part_count = (*head)->integer(2);
  Octets file;
  for (std::int64_t part = 0; part < part_count; ++part) {
    auto row = db.query_one(sql_part, {position, part});
    if (!row) return propagate(std::move(row).error(), "read the zones' copy");
    if (!row->has_value()) return fail(ErrorCode::corrupt, "the zones' copy lacks a part");
    const Octets& content = (*row)->octets(0);
    if (content.size() > base_size_max - file.size()) {
      return fail(ErrorCode::limit_exceeded, "the zones' copy is too large");
    }
    file.insert(file.end(), content.begin(), content.end());
  }
  return file;
}

Result<SharedGate> read_shared_gate(store::Executor& db) {
  auto row = db.query_one(sql_gate);
  if (!row) return propagate(std::move(row).error(), "read the gate");
  if (!row->has_value()) return SharedGate{};
  return SharedGate{.version = (*row)->integer(0), .content = (*row)->octets(1)};
}

Result<void> share_gate(store::Transaction& tx, const store::Lease& lease, const SharedGate& gate) {
  if (auto ours = store::confirm_lease(tx, lease); !ours) return ours;
  auto put = tx.execute(sql_put_gate, {gate.version, Bytes{gate.content}});
  if (!put) return propagate(std::move(put).error(), "share the gate");
  tx.notify(channel_pair);
  return {};
}

Result<void> tell_of_member(store::Transaction& tx, const PairMember& member) {
  auto put = tx.execute(sql_put_member, {member.name, member.start, std::int64_t{member.stopped},
                                         number(member.position), text_of(member.ceilings),
                                         member.address, member.keys, member.followers});
  if (!put) return propagate(std::move(put).error(), "tell of this publisher");
  return {};
}

}  // namespace khien::publish
