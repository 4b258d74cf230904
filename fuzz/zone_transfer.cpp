// ZoneTransfer on any stream of messages: first octet: which zone (khiend's, pass, or a third
// party's, which may hold every trigger and action), and whether IXFR was asked for;
// then messages, each behind its size as 16 bits, as on TCP. What is accepted must be sound enough
// to be applied.
#include "resolver/zone_transfer.h"
#include "base/assert.h"
#include "dns/name.h"
#include "dns/serial.h"

using namespace khien;
using resolver::ZoneTransfer;

namespace {

constexpr std::uint32_t have_serial = 2;  // the corpus's IXFR begins there

void check_edits(const ZoneTransfer& transfer, policy::Source source) {
  const resolver::EditSpool& edits = transfer.edits();
  std::size_t count = 0;
  for (std::size_t shard = 0; shard < policy::shard_count; ++shard) {
    const auto done = edits.for_each(shard, [&](const resolver::SpoolEdit& edit) -> Result<void> {
      KHIEN_ASSERT(edit.source == source && (!edit.rare || is_third_party(source)));
      if (!edit.rare) count += (edit.exact ? 1U : 0U) + (edit.below ? 1U : 0U);
      const auto name = dns::Name::from_wire(edit.name);
      KHIEN_ASSERT(name.has_value() && name->label_count() >= policy::rule_labels_min);
      KHIEN_ASSERT(edit.add || transfer.outcome() != ZoneTransfer::Outcome::whole);
      return {};
    });
    KHIEN_ASSERT(done.has_value());
  }
  edits.rare().for_each([&](const resolver::RuleEdit& edit) {
    ++count;
    KHIEN_ASSERT(is_third_party(source) && policy::action_of(*edit.rare) != policy::Action::none);
    KHIEN_ASSERT(edit.add || transfer.outcome() != ZoneTransfer::Outcome::whole);
  });
  KHIEN_ASSERT(count == edits.size());
  if (edits.in_order() == nullptr) return;
  const auto read = resolver::RuleEdits::read(edits.in_order()->octets());
  KHIEN_ASSERT(read.has_value() && read->size() == count);
}

void apply(const ZoneTransfer& transfer, policy::Source source) {
  ManualClock clock;
  SeededRng rng{1};
  Metrics metrics;
  resolver::RuleStore store{{}, clock, rng, metrics};
  store.set_third_party(*policy::ThirdParty::of({{.name = "fuzz."}}));
  const policy::ZoneState zone{.name = "fuzz.", .source = source, .serial = transfer.soa().serial};
  const bool is_whole = transfer.outcome() == ZoneTransfer::Outcome::whole;
  const auto applied = is_whole ? store.replace_zone(zone, transfer.edits())
                                : store.change_zone(zone, transfer.edits());
  // Changes may not fit what is there; a whole zone always does.
  KHIEN_ASSERT(applied.has_value() || !is_whole);
  if (!applied) return;
  // What was applied survives the way through a file.
  const auto zones = policy::read_rare_zones(policy::write_rare_zones(store.rules().rare_zones()));
  KHIEN_ASSERT(zones.has_value());
  const auto size_of = [](const auto& rules) { return rules == nullptr ? 0 : rules->size(); };
  KHIEN_ASSERT(size_of((*zones)[0]) == size_of(store.rules().rare_zones()[0]));
  Octets octets(4);
  rng.fill(octets);
  policy::RareMatch match;
  store.rules().rare->match_address(dns::RpzTriggerKind::ip, octets, ~policy::SourceMask{0}, match);
  const auto name = policy::NameKey{dns::Name::from_text("www.scam.example")->wire(), store.key()};
  (void)store.rules().find(name, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool is_pass = (data[0] & 1) != 0;
  const bool is_incremental = (data[0] & 2) != 0;
  const bool is_third_party = (data[0] & 4) != 0;
  const auto source = is_third_party ? policy::ThirdParty::source_at(0)
                      : is_pass      ? policy::source_pass
                                     : *policy::parse_source("orders-phishing");
  const auto have = is_incremental ? std::optional{have_serial} : std::nullopt;
  ZoneTransfer transfer{*dns::Name::from_text(policy::source_id(source) + ".rpz.khien."), source,
                        have};
  Bytes rest = Bytes{data, size}.subspan(1);
  bool is_refused = false;
  while (rest.size() >= 2 && !is_refused) {
    const std::size_t wanted = dns::load_u16(rest, 0);
    rest = rest.subspan(2);
    const Bytes message = rest.first(std::min(wanted, rest.size()));
    rest = rest.subspan(message.size());
    const bool was_done = transfer.done();
    is_refused = !transfer.feed(message);
    KHIEN_ASSERT(is_refused || !was_done);  // nothing is taken behind the end
  }
  if (is_refused || !transfer.done()) return 0;

  check_edits(transfer, source);
  if (transfer.outcome() == ZoneTransfer::Outcome::current) {
    KHIEN_ASSERT(have.has_value() && transfer.edits().size() == 0);
    KHIEN_ASSERT(!dns::serial_before(*have, transfer.soa().serial));
    return 0;
  }
  if (transfer.outcome() == ZoneTransfer::Outcome::changes) {
    KHIEN_ASSERT(have.has_value() && dns::serial_before(*have, transfer.soa().serial));
  }
  apply(transfer, source);
  return 0;
}
