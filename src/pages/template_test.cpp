#include "pages/template.h"

#include <gtest/gtest.h>

namespace khien::pages {
namespace {

std::string render(std::string_view source, const Values& values) {
  const auto made = Template::parse(source, [](std::string_view name) -> std::string_view {
    return name == "part" ? "[{{name}}]" : "";
  });
  if (!made) return "error: " + made.error().message;
  return made->render(values, [](std::string_view key) { return "<" + std::string{key} + ">"; });
}

TEST(Template, EscapesEveryValueAndTranslation) {
  Values values;
  values.set("name", R"(<script>alert("1" & '2')</script>)");
  EXPECT_EQ(render("a={{name}}", values),
            "a=&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
  EXPECT_EQ(render("{{t.title}}", values), "&lt;title&gt;");
}

TEST(Template, RepeatsASectionForEachItemAndLooksNamesUpOutwards) {
  Values values;
  values.set("unit", "%");
  values.set("rows", Values::List{Values{}.set("n", "1"), Values{}.set("n", "2")});
  EXPECT_EQ(render("{{#rows}}({{n}}{{unit}}){{/rows}}{{^rows}}none{{/rows}}", values), "(1%)(2%)");
}

TEST(Template, ShowsTheInvertedSectionForWhatIsEmptyOrAbsent) {
  Values values;
  values.set("empty", "").set("off", false).set("rows", Values::List{});
  EXPECT_EQ(render("{{^empty}}1{{/empty}}{{^off}}2{{/off}}{{^rows}}3{{/rows}}{{^no}}4{{/no}}"
                   "{{#empty}}5{{/empty}}{{#no}}6{{/no}}",
                   values),
            "1234");
}

TEST(Template, TakesInAPartialWithTheSameValues) {
  EXPECT_EQ(render("{{>part}}", Values{}.set("name", "<b>")), "[&lt;b&gt;]");
}

TEST(Template, RefusesWhatIsMalformed) {
  for (const char* source : {"{{name", "{{#a}}", "{{/a}}", "{{#a}}{{/b}}", "{{>none}}", "{{/}}"}) {
    EXPECT_TRUE(render(source, {}).starts_with("error: ")) << source;
  }
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "{{#a}}";
  EXPECT_TRUE(render(deep, {}).starts_with("error: "));
}

}  // namespace
}  // namespace khien::pages
