#include "publish/public_act.h"

#include "ledger/leaf.h"

namespace khien::publish {

Result<void> record_act(store::Transaction& tx, const Clock& clock, Rng& rng,
                        const PublicAct& act) {
  ledger::LeafDraft leaf{.type = std::string{act.type}};
  if (!act.zone.empty()) leaf.fields.push_back({"zone", act.zone});
  if (!act.actor.empty()) leaf.fields.push_back({"actor", act.actor});
  if (!act.reason.empty()) leaf.fields.push_back({"reason", act.reason});
  if (act.count != 0) leaf.fields.push_back({"count", act.count});
  if (act.serial != 0) leaf.fields.push_back({"serial", act.serial});
  if (auto appended = ledger::append(tx, clock, rng, leaf); !appended) {
    return propagate(std::move(appended).error(), "write down what was decided");
  }
  return {};
}

}  // namespace khien::publish
