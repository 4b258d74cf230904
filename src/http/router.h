// The one table of what a server answers: method, path, who may, how much, and the function.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace khien::http {

constexpr std::size_t body_size_default_max = 64UL * 1024;               // octets, ordinary routes
constexpr std::size_t upload_size_max = 20UL * 1024 * 1024 + 64 * 1024;  // 20 MB file and its form

/// Runs on a worker thread; may block on the database, not on the network.
using Handler = std::function<Response(const Request&)>;

/// A body that is taken while it arrives. All calls come from worker threads, one after the other.
/// Destroyed without finish(): the client went away or sent too much; undo.
class Upload {
 public:
  virtual ~Upload() = default;
  /// An error ends the upload and becomes the answer.
  [[nodiscard]] virtual Result<void> write(Bytes data) = 0;
  [[nodiscard]] virtual Response finish() = 0;
};
/// Runs when the head is there and the Gate let it pass; a Response refuses the body unread.
using UploadHandler =
    std::function<std::variant<Response, std::unique_ptr<Upload>>(const Request&)>;

enum class Csrf : std::uint8_t { required, not_required };

struct Route {
  Method method = Method::get;
  std::string path;      ///< "/api/cases/{id}"; a last {rest...} takes all that is left
  Handler handler = {};  ///< or
  UploadHandler upload = {};
  std::string permission;       ///< a word for the Gate; "public" needs no session
  std::string rate_class = {};  ///< empty: not limited
  std::size_t body_size_max = body_size_default_max;
  Csrf csrf = Csrf::not_required;
};

/// Asked on a worker thread before every handler: a Response refuses. It may leave the actor in
/// request.actor. This is the one place where rights are checked.
using Gate = std::function<std::optional<Response>(Request& request, const Route& route)>;

struct Match {
  const Route* route = nullptr;  ///< null: `allowed` says which methods the path has, if any
  Fields parameters = {};
  std::string allowed = {};  ///< "GET, HEAD, POST" for 405; empty for 404
};

class Router {
 public:
  /// invalid_argument for a broken template, two routes that no request could tell apart, or a
  /// mutating route that is neither behind CSRF protection nor rate-limited.
  [[nodiscard]] static Result<Router> build(std::vector<Route> routes);

  /// `path` as parse_target() gives it. HEAD finds GET's route. Literal segments win over {names}.
  [[nodiscard]] Match match(Method method, std::string_view path) const;
  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  enum class Kind : std::uint8_t { literal, name, rest };
  struct Segment {
    Kind kind;
    std::string text;
  };
  struct Compiled {
    std::vector<Segment> segments;
  };
  [[nodiscard]] static Result<std::vector<Segment>> compile(std::string_view path);
  [[nodiscard]] static bool fits(const std::vector<Segment>& segments, std::string_view path,
                                 Fields& parameters);

  std::vector<Route> routes_;
  std::vector<Compiled> compiled_;  // beside routes_, most specific first
};

}  // namespace khien::http
