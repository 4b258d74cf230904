#include "api/listings.h"

#include <algorithm>
#include <utility>

#include "api/services.h"
#include "cases/register.h"
#include "pages/moment.h"

namespace khien::api {
namespace {

bool is_choice_listing(const feeds::Listing& listing) noexcept {
  return feeds::basis_of(listing.feed.draft.category) == Basis::choice;
}

pages::ListingPage listing_page(const Reading& reading, const feeds::Listing& listing,
                                std::string_view asked) {
  const auto& draft = listing.feed.draft;
  // The reader has the name that he asked for; the list's own entry of child abuse stays with us.
  const bool hidden = draft.category == Category::child_abuse;
  return {.asked = std::string{asked},
          .name = hidden ? reading.text("public.register.hidden_name") : listing.name,
          .scope = reading.text("public.order.scope." + std::string{to_string(listing.scope)}),
          .list = draft.name,
          .category = reading.text("category." + std::string{khien::to_string(draft.category)}),
          .licence = draft.licence,
          .who = reading.body,
          .until = pages::moment_text(draft.valid_until_ms),
          .choice = is_choice_listing(listing)};
}

/// True if an order in force names what is written, or if it is no name at all: a number.
Result<bool> is_about_an_order(const Services& services, store::Executor& db,
                               std::string_view written) {
  auto found = cases::look_up(db, services.cases.suffixes, written);
  if (found) return !found->blocking.empty();
  if (found.error().code == ErrorCode::malformed) return true;
  return tl::unexpected<Error>{std::move(found).error()};
}

Result<std::string> lodge_against_order(const Services& services, const cases::AppealDraft& draft) {
  auto receipt = services.database.transact(
      [&](store::Transaction& tx) { return cases::lodge_appeal(tx, services.cases, draft); });
  if (!receipt) return tl::unexpected<Error>{std::move(receipt).error()};
  return std::move(receipt->code);
}

}  // namespace

Result<std::vector<feeds::Listing>> listings_for(const Services& services, store::Executor& db,
                                                 std::string_view name) {
  if (!services.holdings) return std::vector<feeds::Listing>{};
  return feeds::listings_of(db, services.holdings(name), services.clock.now_ms());
}

Result<std::vector<pages::ListingPage>> listing_pages(const Reading& reading,
                                                      std::string_view name) {
  auto listings = reading.services.database.read(
      [&](store::Executor& db) { return listings_for(reading.services, db, name); });
  if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
  std::vector<pages::ListingPage> views;
  for (const auto& listing : *listings) views.push_back(listing_page(reading, listing, name));
  return views;
}

Result<cases::ListingObjectionReceipt> lodge_against_list(
    const Services& services, const cases::ListingObjectionDraft& draft) {
  return services.database.transact(
      [&](store::Transaction& tx) -> Result<cases::ListingObjectionReceipt> {
        auto found = cases::look_up(tx, services.cases.suffixes, draft.name);
        if (!found) return tl::unexpected<Error>{std::move(found).error()};
        auto listings = listings_for(services, tx, found->name);
        if (!listings) return tl::unexpected<Error>{std::move(listings).error()};
        auto whole = draft;
        for (const auto& listing : *listings) {
          if (!is_choice_listing(listing)) whole.lists.push_back(listing.feed.id.value);
        }
        auto receipt = cases::lodge_listing_objection(tx, services.cases, whole);
        if (receipt && services.holdings && whole.lists.empty() && !receipt->code.empty()) {
          return fail(ErrorCode::not_found, "no list that we enforce has this name", "not_listed");
        }
        return receipt;
      });
}

Result<std::string> lodge_objection(const Services& services, const cases::AppealDraft& draft,
                                    Against against) {
  if (against == Against::either) {
    auto order = services.database.read(
        [&](store::Executor& db) { return is_about_an_order(services, db, draft.order); });
    if (!order) return tl::unexpected<Error>{std::move(order).error()};
    if (*order) return lodge_against_order(services, draft);
  }
  auto receipt = lodge_against_list(services, {.name = draft.order,
                                               .text = draft.text,
                                               .contact = draft.contact,
                                               .language = draft.language,
                                               .submission = draft.submission});
  if (receipt) return std::move(receipt->code);
  const bool not_listed = receipt.error().reason == "not_listed";
  if (against == Against::either && not_listed) return lodge_against_order(services, draft);
  return tl::unexpected<Error>{std::move(receipt).error()};
}

Result<pages::ObjectionStatus> listing_objection_page(const Reading& reading,
                                                      std::string_view code) {
  auto objection = reading.services.database.read(
      [&](store::Executor& db) { return cases::listing_objection_status(db, code); });
  if (!objection) return tl::unexpected<Error>{std::move(objection).error()};
  const auto key = "public.state.listing." + std::string{to_string(objection->state)};
  using State = cases::ListingObjectionState;
  return pages::ObjectionStatus{
      .state = reading.text(key),
      .explanation = reading.text(key + ".text"),
      .tone = objection->state == State::upheld ? pages::Tone::good : pages::Tone::wait,
      .name = objection->name,
      .lodged = pages::moment_text(objection->lodged_at_ms),
      .answer = objection->reason};
}

}  // namespace khien::api
