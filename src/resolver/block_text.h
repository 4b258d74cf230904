// What a blocked answer says about itself in the text of its EDE: for people `category=<id>
// BASE/l/<name>`, for programs that ask for it the JSON object of
// draft-ietf-dnsop-structured-dns-error. Nothing here allocates at query time.
#pragma once

#include <array>
#include <string_view>

#include "base/result.h"
#include "resolver/answer.h"

namespace khien::resolver {

/// EDE text of ours is at most this long; where even that does not fit, it is left out.
constexpr std::size_t block_text_size_max = 512;
constexpr std::size_t contacts_max = 4;
constexpr std::size_t contact_size_max = 128;
constexpr std::size_t organisation_size_max = 128;

/// Text in a fixed buffer; what does not fit makes it `cut`.
class TextBuffer {
 public:
  void add(std::string_view text) noexcept;
  /// The name as a URL path holds it: host characters stay, everything else becomes %XX.
  void add_name(Bytes wire) noexcept;
  /// As it stands inside a JSON string.
  void add_json(std::string_view text) noexcept;
  /// Comma and quotes included: `,"key":"text"`.
  void add_member(std::string_view key, std::string_view text) noexcept;

  void clear() noexcept {
    size_ = 0;
    cut_ = false;
  }
  [[nodiscard]] bool cut() const noexcept { return cut_; }
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), size_}; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  std::array<char, block_text_size_max> text_;
  std::size_t size_ = 0;
  bool cut_ = false;
};

/// Writes the text for `head`'s client into `text`: the richest one of at most `room` octets, and
/// each of them whole or not at all. Empty if none fits.
void write_block_text(const AnswerHead& head, const Blocked& blocked, const BlockAnswer& answer,
                      std::size_t room, TextBuffer& text) noexcept;

/// invalid_argument if `answer` holds what may not stand in such a text: a contact that is no tel:,
/// sips:, mailto: or https: URI, an organisation that is no plain UTF-8, a language that is no tag
/// (RFC 5646), or more than the limits above.
[[nodiscard]] Result<void> check_block_answer(const BlockAnswer& answer);

}  // namespace khien::resolver
