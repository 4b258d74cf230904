// HTML templates, a small subset of Mustache in which nothing can be written unescaped:
//   {{name}}        the value, escaped for text and for double-quoted attributes
//   {{t.key}}       the catalogue's text for `key`, escaped; {{t.key}} may hold {0} {1} for named
//   values
//   {{#name}}…{{/name}}   once for each item of a list; once if the value is text that is not empty
//   {{^name}}…{{/name}}   if the list or text is empty or absent
//   {{>name}}       another template, with the same values
// A name is looked up in the innermost list item first, then outwards. Not a language: no logic, no
// raw output, no file access at run time (templates are part of the program).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace khien::pages {

/// Values of one page or one list item, by name.
class Values {
 public:
  using List = std::vector<Values>;

  Values& set(std::string name, std::string text);
  /// "1" or empty: for {{#name}} and {{^name}}.
  Values& set(std::string name, bool shown);
  Values& set(std::string name, const char* text) {
    return set(std::move(name), std::string{text});
  }
  Values& set(std::string name, List list);

 private:
  friend class Template;
  std::map<std::string, std::variant<std::string, List>, std::less<>> by_name_;
};

/// `text` with & < > " ' as character references (HTML Living Standard section 13.3).
[[nodiscard]] std::string escape_html(std::string_view text);

/// The text of a catalogue key in the page's language.
using Translate = std::function<std::string(std::string_view key)>;
/// The source of another template, or empty if there is none.
using FindPartial = std::function<std::string_view(std::string_view name)>;

class Template {
 public:
  /// malformed, with line, on an open tag, a wrong section end or more than 32 levels of nesting.
  [[nodiscard]] static Result<Template> parse(std::string_view source, const FindPartial& partials);

  /// A name that is nowhere set writes nothing.
  [[nodiscard]] std::string render(const Values& values, const Translate& translate) const;

 private:
  struct Node {
    enum class Kind { literal, value, translation, section, inverted } kind;
    std::string text;  // literal text, or the name
    std::vector<Node> children = {};
  };
  struct Parser;
  using Scope = std::vector<const Values*>;
  static void render_nodes(const std::vector<Node>& nodes, Scope& scope, const Translate& translate,
                           std::string& out);

  std::vector<Node> nodes_;
};

}  // namespace khien::pages
