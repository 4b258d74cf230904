#include <fmt/format.h>

#include "base/file.h"
#include "cases/order.h"
#include "cases/register.h"
#include "codec/json.h"
#include "commands.h"
#include "ledger/adopt.h"
#include "ledger/proof.h"
#include "ledger/verify.h"

namespace khien::khienctl {
namespace {

constexpr std::size_t key_file_size_max = 4'096;

/// The log's public key: as given, or from the folder's own secret key on the server.
Result<ledger::LogVerifier> verifier_of(const Place& place, const std::string& text) {
  if (!text.empty()) return ledger::LogVerifier::parse(text);
  auto content = read_file(place.state / "keys" / "ledger.key", key_file_size_max);
  if (!content) {
    return fail(ErrorCode::not_found, "there is no ledger key in " + place.state.string() +
                                          "/keys: give the log's public key with --key");
  }
  std::string secret = to_text(*content);
  while (!secret.empty() && secret.back() == '\n') secret.pop_back();
  auto key = ledger::LogKey::parse_secret(secret);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  return key->verifier();
}

}  // namespace

Result<void> ledger_key(const Place& place) {
  auto verifier = verifier_of(place, "");
  if (!verifier) return tl::unexpected<Error>{std::move(verifier).error()};
  fmt::print("{}\n", verifier->text());
  return {};
}

Result<void> ledger_verify(const Place& place, const std::string& key) {
  auto verifier = verifier_of(place, key);
  if (!verifier) return tl::unexpected<Error>{std::move(verifier).error()};
  const auto folder = place.state / "ledger";
  auto database = place.open_database();
  if (!database) {
    // An auditor has only the published files.
    auto report = ledger::verify_folder(folder, *verifier);
    if (!report) return tl::unexpected<Error>{std::move(report).error()};
    fmt::print(
        "The log holds: {} leaves, {} tiles, {} entry bundles; the checkpoint is signed by {}.\n"
        "There is no database here, so only the published files were checked.\n",
        report->checkpoint.size, report->tile_count, report->bundle_count, verifier->name);
    return {};
  }
  auto report = ledger::verify_against(**database, folder, *verifier);
  if (!report) return tl::unexpected<Error>{std::move(report).error()};
  fmt::print(
      "The log holds: {} leaves, {} tiles, {} entry bundles; the checkpoint is signed by {}.\n"
      "Every leaf of the database is in it and nothing else; {} wait for their place.\n",
      report->folder.checkpoint.size, report->folder.tile_count, report->folder.bundle_count,
      verifier->name, report->pending);
  return {};
}

Result<void> ledger_compare(const Place& place) {
  const auto folder = place.state / "ledger";
  std::error_code error;
  if (!std::filesystem::exists(folder / "checkpoint", error)) {
    fmt::print(
        "{} holds no log. If this log was ever published, copy it there from the old server or a\n"
        "mirror before khiend starts: signing on without it would make two logs of one name.\n",
        folder.string());
    return {};
  }
  auto verifier = verifier_of(place, "");
  if (!verifier) return tl::unexpected<Error>{std::move(verifier).error()};
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto sizes = ledger::compare_sizes(**database, folder, *verifier);
  if (!sizes) return tl::unexpected<Error>{std::move(sizes).error()};
  if (sizes->log_size <= sizes->database_size) {
    fmt::print("The log ({} leaves) holds nothing that the backup lacks.\n", sizes->log_size);
    return {};
  }
  fmt::print(
      "THE BACKUP IS OLDER THAN THE LOG: {} decisions were made after it. The public log proves "
      "that\n"
      "they were made; what they were about is lost. khiend will sign nothing until you run\n"
      "  khienctl ledger adopt\n"
      "which prints them and lets the log go on.\n",
      sizes->log_size - sizes->database_size);
  return {};
}

Result<void> ledger_adopt(const Place& place, const std::string& key) {
  auto verifier = verifier_of(place, key);
  if (!verifier) return tl::unexpected<Error>{std::move(verifier).error()};
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  const SystemClock clock;
  auto adopted = ledger::adopt_log(**database, place.state / "ledger", *verifier, clock);
  if (!adopted) return tl::unexpected<Error>{std::move(adopted).error()};
  for (const std::string& entry : *adopted) {
    auto leaf = codec::Json::parse(as_bytes(entry), {.size_max = entry.size()});
    const auto type = leaf ? leaf->text_at("type").value_or("?") : "?";
    const auto* fields = leaf ? leaf->find("fields") : nullptr;
    const auto order = fields == nullptr ? "" : fields->text_at("order").value_or("");
    fmt::print("{:<28} {}\n", type, order);
  }
  if (adopted->empty()) {
    fmt::print("The database holds every leaf of the log: there is nothing to adopt.\n");
    return {};
  }
  fmt::print(
      "{} leaves taken back. Orders named above that the register lacks are in force no more: "
      "decide\n"
      "them again.\n",
      adopted->size());
  return {};
}

Result<void> ledger_prove(const Place& place, const std::string& order) {
  auto verifier = verifier_of(place, "");
  if (!verifier) return tl::unexpected<Error>{std::move(verifier).error()};
  auto database = place.open_database();
  if (!database) return tl::unexpected<Error>{std::move(database).error()};
  auto leaves = (*database)->read([&](store::Executor& db) -> Result<std::vector<std::string>> {
    auto id = cases::OrderId::parse(order);
    if (!id) {
      auto found = cases::find_order_by_number(db, order);
      if (!found) return tl::unexpected<Error>{std::move(found).error()};
      id = found->id;
    }
    return cases::order_leaves(db, *id);
  });
  if (!leaves) return tl::unexpected<Error>{std::move(leaves).error()};
  int pending = 0;
  for (const auto& leaf : *leaves) {
    auto proof = ledger::prove(**database, place.state / "ledger", *verifier, ledger::LeafId{leaf});
    if (!proof) return tl::unexpected<Error>{std::move(proof).error()};
    if (!*proof) {
      ++pending;
      continue;
    }
    fmt::print("{}\n", (*proof)->text());
  }
  if (pending > 0) fmt::print("# {} leaves wait for their place: ask again in a second\n", pending);
  return {};
}

}  // namespace khien::khienctl
