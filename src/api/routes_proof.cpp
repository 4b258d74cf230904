#include "api/routes_proof.h"

#include "api/handler.h"
#include "api/input.h"
#include "cases/register.h"
#include "codec/hex.h"
#include "ledger/proof.h"
#include "ledger/tree.h"

namespace khien::api {
namespace {

using cases::OrderId;
using codec::Json;
using http::Request;
using http::Response;

constexpr std::size_t entry_size_max = ledger::leaf_size_max;

Result<Json> proven_leaf(const ledger::ProvenLeaf& leaf) {
  auto entry = Json::parse(leaf.entry, {.size_max = entry_size_max});
  if (!entry) return propagate(std::move(entry).error(), "read leaf");
  auto out = Json::object({{"type", entry->text_at("type").value_or("")},
                           {"state", leaf.proof ? "integrated" : "pending"},
                           {"leaf", leaf.entry},
                           {"leaf_hash", codec::hex(ledger::leaf_hash(as_bytes(leaf.entry)))}});
  if (leaf.proof) {
    Json::Array hashes;
    for (const auto& hash : leaf.proof->path) hashes.push_back(codec::hex(hash));
    out.set("index", static_cast<std::int64_t>(leaf.proof->index));
    out.set("hashes", Json{std::move(hashes)});
  }
  return out;
}

Result<Response> order_proof(const Services& services, const ProofRoutes& options,
                             const Request& request) {
  Input in{request, Body::none};
  const auto order = in.id<OrderId>("order_id");
  if (!in.ok()) return in.error();
  auto ids =
      services.database.read([&](store::Executor& db) -> Result<std::vector<ledger::LeafId>> {
        // What never came into force is not public, and neither are its leaves' ids.
        if (auto entry = cases::load_register_entry(db, order); !entry) {
          return tl::unexpected<Error>{std::move(entry).error()};
        }
        auto texts = cases::order_leaves(db, order);
        if (!texts) return tl::unexpected<Error>{std::move(texts).error()};
        std::vector<ledger::LeafId> out;
        for (auto& text : *texts) out.push_back(ledger::LeafId{std::move(text)});
        return out;
      });
  if (!ids) return tl::unexpected<Error>{std::move(ids).error()};
  auto leaves = ledger::prove_all(services.database, options.ledger, options.verifier, *ids);
  if (!leaves) return tl::unexpected<Error>{std::move(leaves).error()};
  Json::Array items;
  std::string checkpoint;
  for (const auto& leaf : *leaves) {
    auto item = proven_leaf(leaf);
    if (!item) return tl::unexpected<Error>{std::move(item).error()};
    items.push_back(std::move(*item));
    if (leaf.proof) checkpoint = leaf.proof->checkpoint_note;
  }
  return json(200, Json::object({{"order_id", order.value},
                                 {"checkpoint", checkpoint},
                                 {"leaves", Json{std::move(items)}}}));
}

}  // namespace

void add_proof_routes(std::vector<http::Route>& routes, const Services& services,
                      const ProofRoutes& options) {
  auto route = public_route(services, http::Method::get, "/api/v1/register/{order_id}/proof",
                            "read", nullptr);
  route.handler = [&services, options](const Request& request) -> Response {
    auto response = order_proof(services, options, request);
    return response ? std::move(*response) : http::problem(response.error());
  };
  routes.push_back(std::move(route));
}

}  // namespace khien::api
