#include "http/router.h"

#include <algorithm>
#include <set>

namespace khien::http {
namespace {

tl::unexpected<Error> bad_route(const Route& route, std::string_view why) {
  return fail(ErrorCode::invalid_argument, "route " + std::string{to_string(route.method)} + " " +
                                               route.path + ": " + std::string{why});
}

bool changes_something(Method method) noexcept {
  return method != Method::get && method != Method::head;
}

}  // namespace

Result<std::vector<Router::Segment>> Router::compile(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return fail(ErrorCode::invalid_argument, "a route's path begins with '/'");
  }
  std::vector<Segment> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    const std::string_view text = path.substr(0, slash);
    const bool last = slash == std::string_view::npos;
    if (text.starts_with('{') != text.ends_with('}') || text == "{}") {
      return fail(ErrorCode::invalid_argument, "broken {name} in a route's path");
    }
    if (!text.starts_with('{')) {
      segments.push_back({Kind::literal, std::string{text}});
    } else if (text.ends_with("...}")) {
      if (!last) return fail(ErrorCode::invalid_argument, "{rest...} must be the last segment");
      segments.push_back({Kind::rest, std::string{text.substr(1, text.size() - 5)}});
    } else {
      segments.push_back({Kind::name, std::string{text.substr(1, text.size() - 2)}});
    }
    if (last) return segments;
    path.remove_prefix(slash + 1);
  }
}

Result<Router> Router::build(std::vector<Route> routes) {
  struct Entry {
    Route route;
    std::vector<Segment> segments;
  };
  std::vector<Entry> entries;
  std::set<std::string> shapes;
  for (auto& route : routes) {
    auto segments = compile(route.path);
    if (!segments) return bad_route(route, segments.error().message);
    std::string shape{to_string(route.method)};
    for (const auto& segment : *segments) {
      shape += segment.kind == Kind::literal ? "/=" + segment.text
               : segment.kind == Kind::name  ? "/?"
                                             : "/*";
    }
    if (!shapes.insert(shape).second) return bad_route(route, "stands twice");
    if ((route.handler == nullptr) == (route.upload == nullptr)) {
      return bad_route(route, "needs either a handler or an upload");
    }
    if (route.permission.empty()) return bad_route(route, "has no permission word");
    if (changes_something(route.method) && route.csrf == Csrf::not_required &&
        route.rate_class.empty()) {
      return bad_route(route, "changes something without CSRF protection or a rate limit");
    }
    entries.push_back({std::move(route), std::move(*segments)});
  }
  // Most specific first, segment by segment, so that the first fit is the right one.
  std::ranges::stable_sort(entries, [](const Entry& a, const Entry& b) {
    return std::ranges::lexicographical_compare(a.segments, b.segments, {}, &Segment::kind,
                                                &Segment::kind);
  });
  Router router;
  for (auto& entry : entries) {
    router.routes_.push_back(std::move(entry.route));
    router.compiled_.push_back({std::move(entry.segments)});
  }
  return router;
}

bool Router::fits(const std::vector<Segment>& segments, std::string_view path, Fields& parameters) {
  parameters.clear();
  path.remove_prefix(path.empty() ? 0 : 1);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (segment.kind == Kind::rest) {
      parameters.emplace_back(segment.text, path);
      return true;
    }
    const auto slash = path.find('/');
    const std::string_view text = path.substr(0, slash);
    if (segment.kind == Kind::literal ? text != segment.text : text.empty()) return false;
    if (segment.kind == Kind::name) parameters.emplace_back(segment.text, text);
    const bool last_segment = i + 1 == segments.size();
    if (last_segment != (slash == std::string_view::npos)) return false;
    if (!last_segment) path.remove_prefix(slash + 1);
  }
  return true;
}

Match Router::match(Method method, std::string_view path) const {
  const Method wanted = method == Method::head ? Method::get : method;
  Match match;
  std::set<std::string_view> allowed;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    Fields parameters;
    if (!fits(compiled_[i].segments, path, parameters)) continue;
    if (routes_[i].method == wanted) {
      match.route = &routes_[i];
      match.parameters = std::move(parameters);
      return match;
    }
    allowed.insert(to_string(routes_[i].method));
    if (routes_[i].method == Method::get) allowed.insert("HEAD");
  }
  for (const auto name : allowed) {
    if (!match.allowed.empty()) match.allowed += ", ";
    match.allowed += name;
  }
  return match;
}

}  // namespace khien::http
