// Names on lists, as the public pages and the public JSON routes tell of them, and the objection
// that finds by itself whether it goes against an order or against a list.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/public_pages.h"
#include "cases/appeal.h"
#include "feeds/listing.h"
#include "pages/views.h"

namespace khien::api {

/// The lists in force that have the name (normalised) or cover it, network choices last. Empty
/// where the publisher runs in another process.
[[nodiscard]] Result<std::vector<feeds::Listing>> listings_for(const Services& services,
                                                               store::Executor& db,
                                                               std::string_view name);
[[nodiscard]] Result<std::vector<pages::ListingPage>> listing_pages(const Reading& reading,
                                                                    std::string_view name);

/// Against a list; not_found "not_listed" where lists can be seen and none has the name.
[[nodiscard]] Result<cases::ListingObjectionReceipt> lodge_against_list(
    const Services& services, const cases::ListingObjectionDraft& draft);

/// `either`: an order about the name if one is in force, else a list that has it, else an order
/// that is over but not yet proven to be.
enum class Against : std::uint8_t { either, list };
/// The objector's code. Errors of lodge_appeal and of lodge_against_list.
[[nodiscard]] Result<std::string> lodge_objection(const Services& services,
                                                  const cases::AppealDraft& draft, Against against);
/// What became of an objection against a list, by its code.
[[nodiscard]] Result<pages::ObjectionStatus> listing_objection_page(const Reading& reading,
                                                                    std::string_view code);

}  // namespace khien::api
