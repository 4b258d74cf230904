// The document that signers sign (order.h, docs/formats/order-document.md).
#include <array>

#include "cases/order_rules.h"
#include "cases/settings.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "evidence/item.h"

namespace khien::cases {
namespace {

using codec::Json;

constexpr std::array<std::string_view, 4> move_words{"propose", "approve", "emergency", "ratify"};
constexpr std::size_t impact_size_max = std::size_t{256} << 10U;
constexpr std::string_view document_type = "khien.order.1";

// The digests that were signed before, which the next signer confirms.
struct SignedBefore {
  std::string proposal;
  std::string approval;  // of the second of three signers
};
Result<SignedBefore> signed_before(store::Executor& db, const OrderId& id) {
  auto signatures = list_signatures(db, id);
  if (!signatures) return tl::unexpected<Error>{std::move(signatures).error()};
  SignedBefore before;
  for (const auto& signature : *signatures) {
    if (signature.move == SignedMove::propose || signature.move == SignedMove::emergency) {
      before = {.proposal = signature.digest, .approval = {}};
    } else {
      before.approval = signature.digest;
    }
  }
  return before;
}

Result<Json> ground_json(store::Executor& db, const InstrumentId& id) {
  auto ground = load_instrument(db, id);
  if (!ground) return tl::unexpected<Error>{std::move(ground).error()};
  return Json::object(
      {{"id", ground->id.value}, {"title", ground->title_vi}, {"article", ground->article}});
}

Result<Json> evidence_json(store::Executor& db, const std::vector<std::string>& ids) {
  Json::Array items;
  for (const auto& id : ids) {
    auto item = evidence::load_item(db, {id});
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    items.push_back(Json::object({{"id", id}, {"sha256", item->sha256}}));
  }
  return Json{std::move(items)};
}

}  // namespace

std::string_view to_string(SignedMove move) noexcept {
  return move_words[static_cast<std::size_t>(move)];
}

std::optional<SignedMove> parse_signed_move(std::string_view word) noexcept {
  for (std::size_t i = 0; i < move_words.size(); ++i) {
    if (move_words[i] == word) return static_cast<SignedMove>(i);
  }
  return std::nullopt;
}

Result<SigningDocument> document_of(store::Executor& db, const OrderRow& row, SignedMove move,
                                    InstantMs now_ms) {
  const auto& order = row.order;
  auto ground = ground_json(db, order.ground);
  if (!ground) return propagate(std::move(ground).error(), "write the document of an order");
  auto body = read_setting(db, Setting::body_name_vi, now_ms);
  if (!body) return propagate(std::move(body).error(), "write the document of an order");
  auto impact = Json::parse(order.impact, {.size_max = impact_size_max});
  if (!impact) return propagate(std::move(impact).error(), "read a stored impact");

  auto evidence = evidence_json(db, order.evidence_ids);
  if (!evidence) return propagate(std::move(evidence).error(), "write the document of an order");
  Json document = Json::object({{"type", document_type},
                                {"move", to_string(move)},
                                {"order", order.id.value},
                                {"number", order.number},
                                {"body", *body},
                                {"name", order.name},
                                {"scope", to_string(order.scope)},
                                {"category", to_string(*order.category)},
                                {"ground", std::move(*ground)},
                                {"reason", order.reason},
                                {"evidence", std::move(*evidence)},
                                {"ends_at_ms", *order.ends_at_ms},
                                {"impact", std::move(*impact)},
                                // Makes the digest say nothing about a name that must stay hidden.
                                {"salt", row.salt}});
  if (needs_third(order.scope)) {
    document.set("step_reason", order.address.step_reason);
    if (order.address.names_told) {
      document.set("names_told", *order.address.names_told);
      document.set("told_source", order.address.told_source);
    }
  }
  if (!order.renews.empty()) document.set("renews", order.renews.value);
  if (move == SignedMove::approve || move == SignedMove::ratify) {
    auto before = signed_before(db, order.id);
    if (!before) return tl::unexpected<Error>{std::move(before).error()};
    document.set("proposal_sha256", before->proposal);
    if (!order.co_approver.empty()) document.set("approval_sha256", before->approval);
  }
  auto canonical = document.canonical();
  if (!canonical) return propagate(std::move(canonical).error(), "write the document of an order");
  auto digest = codec::hex(crypto::sha256(*canonical));
  return SigningDocument{.canonical = std::move(*canonical), .digest = std::move(digest)};
}

Result<SigningDocument> signing_document(store::Executor& db, const Context& context,
                                         const identity::Actor& actor, const OrderId& id,
                                         std::int64_t version, SignedMove move) {
  auto row = check_signed_move(db, context, actor, id, version, move);
  if (!row) return tl::unexpected<Error>{std::move(row).error()};
  return document_of(db, *row, move, context.clock.now_ms());
}

}  // namespace khien::cases
