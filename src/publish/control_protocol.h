// What khienctl and the publisher say to each other on the local socket (docs/formats/control.md):
// one JSON object in a line each way, version 1. Values and their texts; no sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "codec/json.h"
#include "publish/publication_control.h"

namespace khien::publish {

constexpr std::size_t control_request_size_max = 4'096;  // octets, with the line feed
constexpr std::size_t control_reply_size_max = std::size_t{4} << 20;
constexpr std::size_t control_names_max = 20;         // of each held change in a list of them
constexpr std::size_t control_names_one_max = 1'000;  // of one that is asked for by its number

enum class ControlCommand : std::uint8_t {
  status,
  stop,
  resume,
  rollback,
  held,
  release,
  reject,
  advance,
};
[[nodiscard]] std::string_view to_string(ControlCommand command) noexcept;

struct ControlRequest {
  ControlCommand command = ControlCommand::status;
  std::string zone = {};
  std::uint32_t serial = 0;
  std::int64_t id = 0;  ///< of held: 0 for all
  std::string name = {};
  std::string reason = {};
  Course course = Course::at_once;  ///< of release
  friend bool operator==(const ControlRequest&, const ControlRequest&) = default;
};

/// "served", "permitted", "waits_for_other", "on_trial"
[[nodiscard]] std::string_view to_string(PublicationControl::Released released) noexcept;

/// With the line feed.
[[nodiscard]] std::string write_request(const ControlRequest& request);
/// malformed for anything else, also for another version.
[[nodiscard]] Result<ControlRequest> parse_request(std::string_view line);

/// Does what is asked; the answer is what goes back, without the line feed. Errors of the act are
/// part of the answer.
[[nodiscard]] codec::Json perform(PublicationControl& control, const ControlRequest& request,
                                  const Hand& hand);
/// An answer that says why nothing was done.
[[nodiscard]] std::string write_error(const Error& error);
/// The answer's content, or the error that it carries.
[[nodiscard]] Result<codec::Json> parse_reply(std::string_view line);

/// A held change as API and socket show it, with at most `names_max` names.
[[nodiscard]] codec::Json to_json(const HeldChange& change, std::size_t names_max);
/// Its member "trial": null for a change of which `trials` does not tell.
[[nodiscard]] codec::Json trial_json(std::span<const TrialView> trials, std::int64_t change);
/// The words of rings, for the answer to a release in stages.
[[nodiscard]] codec::Json rings_json(std::span<const Ring> rings);

}  // namespace khien::publish
