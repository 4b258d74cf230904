// The only file that sees nlohmann-json. Its SAX parser checks syntax and UTF-8 without recursion;
// the tree, the limits and the refusals are ours.
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/assert.h"
#include "codec/json.h"

namespace khien::codec {
namespace {

constexpr std::size_t place_size_max = 120;  // octets of a JSON pointer shown in a message

std::string line_and_column(std::string_view text, std::size_t at) {
  const auto before = text.substr(0, std::min(at, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto last_break = before.rfind('\n');
  const auto column =
      before.size() - (last_break == std::string_view::npos ? 0 : last_break + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

bool has_equal_keys(const Json::Object& members) {
  std::vector<std::string_view> keys;
  keys.reserve(members.size());
  for (const auto& member : members) keys.emplace_back(member.key);
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

// Builds the tree from SAX events. An array or object is moved into its parent when it closes, so
// that nothing points into a growing vector.
class Builder final : public nlohmann::json::json_sax_t {
 public:
  explicit Builder(std::size_t depth_max) : depth_max_(depth_max) {}

  bool null() override { return add(Json{}); }
  bool boolean(bool value) override { return add(Json{value}); }
  bool number_integer(number_integer_t value) override { return add(Json{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse(ErrorCode::malformed, "integer beyond 64 signed bits");
    return add(Json{static_cast<std::int64_t>(value)});
  }
  bool number_float(number_float_t value, const string_t& token) override {
    // An integer too long for 64 bits arrives here, already rounded: refuse, never guess.
    if (token.find_first_of(".eE") == string_t::npos)
      return refuse(ErrorCode::malformed, "integer beyond 64 signed bits");
    return add(Json{value});
  }
  bool string(string_t& value) override { return add(Json{std::move(value)}); }
  bool binary(binary_t&) override { return refuse(ErrorCode::internal, "binary value in JSON"); }
  bool start_object(std::size_t) override { return open(JsonType::object); }
  bool start_array(std::size_t) override { return open(JsonType::array); }
  bool end_object() override {
    if (has_equal_keys(stack_.back().members))
      return refuse(ErrorCode::malformed, "key twice in one object");
    Json closed = Json::from_members(std::move(stack_.back().members));
    stack_.pop_back();
    return add(std::move(closed));
  }
  bool end_array() override {
    Json closed{std::move(stack_.back().items)};
    stack_.pop_back();
    return add(std::move(closed));
  }
  bool key(string_t& value) override {
    stack_.back().members.push_back(JsonMember{.key = std::move(value), .value = {}});
    return true;
  }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& exception) override {
    // 406 is nlohmann's number overflow; it carries no position, so the pointer says where.
    if (exception.id == 406) return refuse(ErrorCode::malformed, "number out of range");
    error_ = Error{.code = ErrorCode::malformed, .message = "syntax error", .reason = "bad_json"};
    syntax_error_at_ = position == 0 ? 0 : position - 1;
    return false;
  }

  Json root;
  [[nodiscard]] Error error(std::string_view text) const {
    Error error = error_;
    if (syntax_error_at_) error.message += " at " + line_and_column(text, *syntax_error_at_);
    return error;
  }

 private:
  struct Container {
    JsonType type;
    Json::Array items = {};
    Json::Object members = {};  // the last one waits for its value
  };

  bool open(JsonType type) {
    if (stack_.size() >= depth_max_)
      return refuse(ErrorCode::limit_exceeded,
                    "deeper than " + std::to_string(depth_max_) + " levels");
    stack_.push_back(Container{.type = type});
    return true;
  }

  bool add(Json value) {
    if (stack_.empty()) {
      root = std::move(value);
    } else if (stack_.back().type == JsonType::object) {
      stack_.back().members.back().value = std::move(value);
    } else {
      stack_.back().items.push_back(std::move(value));
    }
    return true;
  }

  bool refuse(ErrorCode code, std::string message) {
    error_ = Error{.code = code,
                   .message = std::move(message) + " at " + pointer(),
                   .reason = code == ErrorCode::malformed ? "bad_json" : ""};
    return false;
  }

  // RFC 6901 without its escapes: for people to read, not to resolve.
  [[nodiscard]] std::string pointer() const {
    std::string text;
    for (const auto& container : stack_) {
      text += '/';
      if (container.type == JsonType::array) {
        text += std::to_string(container.items.size());
      } else if (!container.members.empty()) {
        text += container.members.back().key;
      }
      if (text.size() > place_size_max) return text.substr(0, place_size_max) + "…";
    }
    return text.empty() ? "/" : text;
  }

  std::size_t depth_max_;
  std::vector<Container> stack_;
  Error error_;
  std::optional<std::size_t> syntax_error_at_;
};

}  // namespace

Result<Json> Json::parse(std::string_view text, JsonLimits limits) {
  KHIEN_ASSERT(limits.depth_max <= json_depth_max);
  if (text.size() > limits.size_max)
    return fail(ErrorCode::limit_exceeded,
                "JSON of more than " + std::to_string(limits.size_max) + " octets");
  // nlohmann-json skips a byte order mark; RFC 8259 section 8.1 says that none may be sent.
  if (text.starts_with("\xef\xbb\xbf"))
    return fail(ErrorCode::malformed, "byte order mark at line 1, column 1", "bad_json");
  Builder builder{limits.depth_max};
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &builder))
    return tl::unexpected<Error>{builder.error(text)};
  return std::move(builder.root);
}

}  // namespace khien::codec
