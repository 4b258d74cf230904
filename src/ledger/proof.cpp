#include "ledger/proof.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/file.h"
#include "codec/base64.h"
#include "ledger/tiles.h"

namespace khien::ledger {
namespace {

constexpr std::string_view header = "c2sp.org/tlog-proof@v1";
constexpr std::size_t path_size_max = 64;  // a tree of 2^64 leaves has no longer one
constexpr std::string_view sql_leaf = "SELECT seq, entry FROM ledger_leaf WHERE id = $1";

struct Published {
  std::string note;
  Checkpoint checkpoint;
};

Result<Published> read_published(const std::filesystem::path& folder, const LogVerifier& verifier) {
  auto note = read_file(folder / "checkpoint", note_size_max);
  if (!note) return propagate(std::move(note).error(), "read checkpoint");
  auto checkpoint = open_checkpoint(as_text(*note), verifier);
  if (!checkpoint) return propagate(std::move(checkpoint).error(), "read checkpoint");
  return Published{.note = to_text(*note), .checkpoint = std::move(*checkpoint)};
}

std::optional<std::string_view> take_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

// What follows `word` and a space in the next line.
std::optional<std::string_view> take_field(std::string_view& text, std::string_view word) {
  auto line = take_line(text);
  if (!line || !line->starts_with(word) || line->size() <= word.size() ||
      (*line)[word.size()] != ' ') {
    return std::nullopt;
  }
  return line->substr(word.size() + 1);
}

Result<std::vector<Hash>> take_path(std::string_view& text) {
  std::vector<Hash> path;
  while (true) {
    const auto line = take_line(text);
    if (!line || path.size() > path_size_max) return fail(ErrorCode::malformed, "no such path");
    if (line->empty()) return path;
    auto octets = codec::parse_base64(*line);
    if (!octets || octets->size() != sizeof(Hash)) {
      return fail(ErrorCode::malformed, "a hash is out of form");
    }
    std::copy(octets->begin(), octets->end(), path.emplace_back().begin());
  }
}

bool holds(const Proof& proof) {
  return verify_inclusion({.leaf = leaf_hash(as_bytes(proof.entry)),
                           .index = proof.index,
                           .size = proof.checkpoint.size,
                           .root = proof.checkpoint.root},
                          proof.path);
}

}  // namespace

std::string Proof::text() const {
  auto out = fmt::format("{}\nextra {}\nindex {}\n", header, codec::base64(as_bytes(entry)), index);
  for (const Hash& hash : path) out += codec::base64(hash) + "\n";
  return out + "\n" + checkpoint_note;
}

Result<std::vector<ProvenLeaf>> prove_all(store::Database& database,
                                          const std::filesystem::path& folder,
                                          const LogVerifier& verifier,
                                          std::span<const LeafId> ids) {
  // The checkpoint first: what it covers has its place in the database already.
  auto published = read_published(folder, verifier);
  if (!published) return tl::unexpected<Error>{std::move(published).error()};
  TileNodes nodes{folder, published->checkpoint.size};
  std::vector<ProvenLeaf> leaves;
  for (const auto& id : ids) {
    auto row = database.read(
        [&](store::Executor& executor) { return executor.query_one(sql_leaf, {id}); });
    if (!row) return propagate(std::move(row).error(), "prove leaf");
    if (!row->has_value()) return fail(ErrorCode::not_found, "there is no leaf " + id.value);
    auto& leaf = leaves.emplace_back(ProvenLeaf{.entry = (*row)->text(1)});
    const auto seq = (*row)->optional_integer(0);
    if (!seq || static_cast<std::uint64_t>(*seq) >= published->checkpoint.size) continue;
    Proof proof{.index = static_cast<std::uint64_t>(*seq),
                .entry = leaf.entry,
                .path = {},
                .checkpoint_note = published->note,
                .checkpoint = published->checkpoint};
    auto path = inclusion_proof(nodes, proof.index, proof.checkpoint.size);
    if (!path) return propagate(std::move(path).error(), "prove leaf");
    proof.path = std::move(*path);
    if (!holds(proof)) return fail(ErrorCode::corrupt, "the log does not hold leaf " + id.value);
    leaf.proof = std::move(proof);
  }
  return leaves;
}

Result<std::optional<Proof>> prove(store::Database& database, const std::filesystem::path& folder,
                                   const LogVerifier& verifier, const LeafId& id) {
  auto leaves = prove_all(database, folder, verifier, std::span{&id, 1});
  if (!leaves) return tl::unexpected<Error>{std::move(leaves).error()};
  return std::move(leaves->front().proof);
}

Result<Proof> verify_proof(std::string_view text, const LogVerifier& verifier) {
  const auto refused = fail(ErrorCode::malformed, "not a proof", "bad_form");
  if (text.size() > proof_size_max || take_line(text) != header) return refused;
  const auto extra = take_field(text, "extra");
  const auto digits = take_field(text, "index");
  if (!extra || !digits) return refused;
  auto entry = codec::parse_base64(*extra);
  Proof proof;
  const auto [end, error] =
      std::from_chars(digits->data(), digits->data() + digits->size(), proof.index);
  if (!entry || error != std::errc{} || end != digits->data() + digits->size() ||
      (digits->size() > 1 && digits->front() == '0')) {
    return refused;
  }
  auto path = take_path(text);
  if (!path) return refused;
  auto checkpoint = open_checkpoint(text, verifier);
  if (!checkpoint) return tl::unexpected<Error>{std::move(checkpoint).error()};
  proof.entry = to_text(*entry);
  proof.path = std::move(*path);
  proof.checkpoint_note = std::string{text};
  proof.checkpoint = std::move(*checkpoint);
  if (!holds(proof)) {
    return fail(ErrorCode::denied, "the leaf is not in the log that the checkpoint is about",
                "bad_proof");
  }
  return proof;
}

Result<std::vector<Hash>> prove_growth(const std::filesystem::path& folder,
                                       const LogVerifier& verifier, std::uint64_t older) {
  auto published = read_published(folder, verifier);
  if (!published) return tl::unexpected<Error>{std::move(published).error()};
  TileNodes nodes{folder, published->checkpoint.size};
  return consistency_proof(nodes, older, published->checkpoint.size);
}

}  // namespace khien::ledger
