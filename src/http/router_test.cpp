#include "http/router.h"

#include <gtest/gtest.h>

namespace khien::http {
namespace {

Route get(std::string path) {
  return {.method = Method::get,
          .path = std::move(path),
          .handler = [](const Request&) { return no_content(); },
          .permission = "public"};
}

std::string found(const Router& router, Method method, std::string_view path) {
  const auto match = router.match(method, path);
  return match.route == nullptr ? "-" + match.allowed : match.route->path;
}

TEST(Router, PrefersLiteralsOverNamesAndNamesOverTheRest) {
  std::vector<Route> routes{get("/{rest...}"), get("/cases/{id}"), get("/cases/new"),
                            get("/cases/{id}/orders/{order}"), get("/")};
  const auto router = Router::build(std::move(routes)).value();
  EXPECT_EQ(found(router, Method::get, "/cases/new"), "/cases/new");
  EXPECT_EQ(found(router, Method::get, "/cases/17"), "/cases/{id}");
  EXPECT_EQ(found(router, Method::get, "/"), "/");
  EXPECT_EQ(found(router, Method::get, "/cases/"), "/{rest...}");
  EXPECT_EQ(found(router, Method::get, "/cases"), "/{rest...}");
  EXPECT_EQ(found(router, Method::head, "/cases/17"), "/cases/{id}");

  const auto deep = router.match(Method::get, "/cases/17/orders/4");
  EXPECT_EQ(find_field(deep.parameters, "id"), "17");
  EXPECT_EQ(find_field(deep.parameters, "order"), "4");
  EXPECT_EQ(find_field(router.match(Method::get, "/a/b.js").parameters, "rest"), "a/b.js");
}

TEST(Router, TellsWhichMethodsAPathHas) {
  std::vector<Route> routes{get("/a")};
  Route post = get("/a");
  post.method = Method::post;
  post.csrf = Csrf::required;
  routes.push_back(std::move(post));
  const auto router = Router::build(std::move(routes)).value();
  EXPECT_EQ(found(router, Method::del, "/a"), "-GET, HEAD, POST");
  EXPECT_EQ(found(router, Method::get, "/b"), "-");
  EXPECT_EQ(found(router, Method::other, "/a"), "-GET, HEAD, POST");
}

TEST(Router, RefusesATableThatIsWrong) {
  const auto refuses = [](std::vector<Route> routes) {
    return !Router::build(std::move(routes)).has_value();
  };
  EXPECT_TRUE(refuses({get("a")}));
  EXPECT_TRUE(refuses({get("/{")}));
  EXPECT_TRUE(refuses({get("/{}")}));
  EXPECT_TRUE(refuses({get("/{a...}/b")}));
  EXPECT_TRUE(refuses({get("/a/{x}"), get("/a/{y}")}));
  Route no_handler = get("/a");
  no_handler.handler = nullptr;
  EXPECT_TRUE(refuses({no_handler}));
  Route no_permission = get("/a");
  no_permission.permission.clear();
  EXPECT_TRUE(refuses({no_permission}));
}

TEST(Router, RefusesAMutatingRouteWithoutAnyProtection) {
  Route open = get("/a");
  open.method = Method::post;
  EXPECT_FALSE(Router::build({open}).has_value());
  open.rate_class = "reports";
  EXPECT_TRUE(Router::build({open}).has_value());
}

}  // namespace
}  // namespace khien::http
