#include "recheck/engine.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "cases/order.h"
#include "cases/order_pages.h"
#include "feeds/entry_finding.h"

namespace khien::recheck {
namespace {

feeds::Context feeds_context(const cases::Context& context) noexcept {
  return {.clock = context.clock, .rng = context.rng};
}

cases::Sighting sighting_of(const Look& look) noexcept {
  switch (content_of(look)) {
    case Content::present: return cases::Sighting::page;
    case Content::not_looked: return cases::Sighting::unwatched;
    default: return cases::Sighting::name;
  }
}

bool lives(const cases::Order& order) noexcept {
  return cases::is_in_force(order.state) || order.state == cases::OrderState::suspended;
}

/// Whether the record behind an item still blocks the name.
Result<bool> still_blocks(store::Executor& db, const Item& item, InstantMs now_ms) {
  if (item.kind == ItemKind::order) {
    auto order = cases::load_order(db, cases::OrderId{item.record_id});
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    return lives(*order);
  }
  auto feed = feeds::find_feed(db, feeds::FeedId{item.record_id});
  if (!feed) return tl::unexpected<Error>{std::move(feed).error()};
  return feeds::in_force(feed->state) && feed->draft.valid_until_ms > now_ms;
}

/// What is looked at of an order: its reported pages, or else the site's first page. Nothing for
/// child abuse, or for an order that is over.
Result<std::vector<std::string>> pages_of(store::Executor& db, const cases::OrderId& id) {
  auto order = cases::load_order(db, id);
  if (!order) return tl::unexpected<Error>{std::move(order).error()};
  if (order->category == Category::child_abuse || !lives(*order)) {
    return std::vector<std::string>{};
  }
  auto pages = cases::reported_pages(db, *order);
  if (pages && pages->empty()) pages->push_back("https://" + order->name + "/");
  return pages;
}

/// An entry that is well, or of which nothing was ever told, needs no watch: the walk comes again.
bool is_done_with(const Item& item, const Judgement& judgement, const std::vector<Look>& looks) {
  if (item.kind == ItemKind::order) return false;
  if (judgement.standing == Standing::alive) return true;
  return std::all_of(looks.begin(), looks.end(),
                     [](const Look& look) { return is_silent(look.outcome); });
}

}  // namespace

InstantMs next_look_at(InstantMs begun_at_ms, const Look& look,
                       const Judgement& judgement) noexcept {
  if (is_silent(look.outcome)) return look.at_ms + look_after_silence_ms;
  const bool pages_seem_gone =
      judgement.finding == cases::RecheckFinding::content_gone ||
      (judgement.standing == Standing::unseen && judgement.grounds.looks > 0);
  if (pages_seem_gone) return look.at_ms + look_at_pages_again_ms;
  const bool first_days = look.at_ms - begun_at_ms < first_days_ms;
  const bool steady =
      judgement.standing == Standing::alive || judgement.standing == Standing::unseen;
  if (first_days || !steady) return look.at_ms + look_again_ms;
  return look.at_ms + look_weekly_ms;
}

Engine::Engine(Parts parts) : parts_(std::move(parts)) {}

Result<void> Engine::take_in() {
  const auto now_ms = parts_.cases.clock.now_ms();
  auto enrolled =
      parts_.database.transact([&](store::Transaction& tx) { return enrol_orders(tx, now_ms); });
  if (!enrolled) return tl::unexpected<Error>{std::move(enrolled).error()};
  auto sampled = sample_lists(parts_.database, parts_.cases.clock, parts_.list_budget);
  if (!sampled) return tl::unexpected<Error>{std::move(sampled).error()};
  if (!*sampled) return {};
  // Once an hour, with the lists.
  auto tidied = parts_.database.transact([&](store::Transaction& tx) -> Result<std::int64_t> {
    auto entries = feeds::tidy_entries(tx, feeds_context(parts_.cases));
    if (!entries) return entries;
    return tidy(tx, now_ms);
  });
  if (!tidied) return tl::unexpected<Error>{std::move(tidied).error()};
  return {};
}

Result<RoundCounts> Engine::run_round() {
  RoundCounts counts;
  if (auto taken = take_in(); !taken) return tl::unexpected<Error>{std::move(taken).error()};
  const auto now_ms = parts_.cases.clock.now_ms();
  auto due = parts_.database.read([&](store::Executor& db) { return any_due(db, now_ms); });
  if (!due) return tl::unexpected<Error>{std::move(due).error()};
  if (!*due) return counts;
  if (auto good = parts_.check(); !good) return tl::unexpected<Error>{std::move(good).error()};
  auto items = parts_.database.transact(
      [&](store::Transaction& tx) { return take_due(tx, now_ms, names_a_round); });
  if (!items) return tl::unexpected<Error>{std::move(items).error()};
  const auto end_ms = parts_.cases.clock.steady_ms() + round_time_max_ms;
  for (const auto& item : *items) {
    if (parts_.cases.clock.steady_ms() >= end_ms) {
      auto back = parts_.database.transact(
          [&](store::Transaction& tx) { return put_back(tx, item, now_ms); });
      if (!back) return tl::unexpected<Error>{std::move(back).error()};
      continue;
    }
    auto looked = look_at(item);
    if (!looked) return tl::unexpected<Error>{std::move(looked).error()};
    const auto& look = *looked;
    RoundCounts of_it{.looks = 1, .silent = is_silent(look.outcome) ? 1 : 0};
    auto acted = parts_.database.transact(
        [&](store::Transaction& tx) { return act(tx, item, look, of_it); });
    if (!acted) {
      ++counts.failed;
      KHIEN_LOG(error, "recheck_failed", {"record", item.record_id},
                {"error", acted.error().message});
      continue;
    }
    count(look, of_it);
    counts.looks += of_it.looks;
    counts.silent += of_it.silent;
    counts.proposed += of_it.proposed;
    counts.withdrawn += of_it.withdrawn;
  }
  return counts;
}

Result<Look> Engine::look_at(const Item& item) {
  auto look = parts_.look(item.name);
  const bool has_pages = item.kind == ItemKind::order && look.outcome == LookOutcome::exists;
  if (!parts_.look_at_pages || !has_pages) return look;
  auto pages = parts_.database.read(
      [&](store::Executor& db) { return pages_of(db, cases::OrderId{item.record_id}); });
  if (!pages) return tl::unexpected<Error>{std::move(pages).error()};
  if (!pages->empty()) look.pages = parts_.look_at_pages(*pages);
  return look;
}

Result<void> Engine::act(store::Transaction& tx, const Item& item, const Look& look,
                         RoundCounts& counts) {
  auto blocks = still_blocks(tx, item, look.at_ms);
  if (!blocks) return tl::unexpected<Error>{std::move(blocks).error()};
  if (!*blocks) {
    // What was seen of an order stays for its page (tidy() forgets it later); of a list it goes.
    return item.kind == ItemKind::order ? put_back(tx, item, never_ms) : remove_item(tx, item);
  }
  auto done = put_look(tx, item, look);
  if (!done) return done;
  auto looks = looks_at(tx, item.id);
  if (!looks) return tl::unexpected<Error>{std::move(looks).error()};
  const auto judgement = judge(*looks, parts_.operators);
  // A look that told nothing changes nothing, whatever earlier ones said.
  if (!is_silent(look.outcome)) {
    done = item.kind == ItemKind::order ? act_on_order(tx, item, look, judgement, counts)
                                        : act_on_entry(tx, item, judgement, counts);
    if (!done) return done;
  }
  if (is_done_with(item, judgement, *looks)) return remove_item(tx, item);
  return put_back(tx, item, next_look_at(item.begun_at_ms, look, judgement));
}

Result<void> Engine::act_on_order(store::Transaction& tx, const Item& item, const Look& look,
                                  const Judgement& judgement, RoundCounts& counts) {
  const cases::OrderId order{item.record_id};
  if (judgement.standing == Standing::found) {
    auto proposed = cases::propose_lift(
        tx, parts_.cases,
        {.order = order, .finding = *judgement.finding, .grounds = judgement.grounds});
    if (!proposed) return tl::unexpected<Error>{std::move(proposed).error()};
    if (*proposed) ++counts.proposed;
  } else if (judgement.standing != Standing::unknown) {
    auto withdrawn = cases::withdraw_lift_proposal(tx, parts_.cases, order, sighting_of(look));
    if (!withdrawn) return tl::unexpected<Error>{std::move(withdrawn).error()};
    if (*withdrawn) ++counts.withdrawn;
  }
  return {};
}

Result<void> Engine::act_on_entry(store::Transaction& tx, const Item& item,
                                  const Judgement& judgement, RoundCounts& counts) {
  const feeds::FeedId feed{item.record_id};
  const auto context = feeds_context(parts_.cases);
  if (judgement.standing == Standing::found) {
    auto found = feeds::find_entry(tx, context,
                                   {.feed = feed,
                                    .name = item.name,
                                    .finding = *judgement.finding,
                                    .grounds = judgement.grounds});
    if (!found && found.error().reason == "entry_findings_max") {
      parts_.metrics
          .counter("khien_recheck_findings_left_out_total",
                   "Entries of lists found to be no more, past the limit of their list")
          .add();
      return {};
    }
    if (!found) return tl::unexpected<Error>{std::move(found).error()};
    if (*found) ++counts.proposed;
  } else if (judgement.standing == Standing::alive) {
    auto withdrawn = feeds::withdraw_entry(tx, context, feed, item.name);
    if (!withdrawn) return tl::unexpected<Error>{std::move(withdrawn).error()};
    if (*withdrawn) ++counts.withdrawn;
  }
  return {};
}

void Engine::count(const Look& look, const RoundCounts& of_it) {
  const auto label = "outcome=\"" + std::string{to_string(look.outcome)} + "\"";
  parts_.metrics.counter("khien_recheck_looks_total", "Looks at blocked names", label).add();
  for (const auto& page : look.pages) {
    const auto of_page = "outcome=\"" + std::string{to_string(page.outcome)} + "\"";
    parts_.metrics.counter("khien_recheck_page_looks_total", "Looks at pages of orders", of_page)
        .add();
  }
  parts_.metrics.counter("khien_recheck_proposals_total", "Blocks that rechecks proposed to end")
      .add(of_it.proposed);
  parts_.metrics.counter("khien_recheck_withdrawn_total", "Proposals that later looks took back")
      .add(of_it.withdrawn);
}

}  // namespace khien::recheck
