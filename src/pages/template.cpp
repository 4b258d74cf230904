#include "pages/template.h"

#include <algorithm>

namespace khien::pages {
namespace {

constexpr int nesting_max = 32;

}  // namespace

Values& Values::set(std::string name, std::string text) {
  by_name_.insert_or_assign(std::move(name), std::move(text));
  return *this;
}

Values& Values::set(std::string name, bool shown) {
  return set(std::move(name), std::string{shown ? "1" : ""});
}

Values& Values::set(std::string name, List list) {
  by_name_.insert_or_assign(std::move(name), std::move(list));
  return *this;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

struct Template::Parser {
  const FindPartial& partials;

  Result<std::vector<Node>> parse(std::string_view source, int depth) {
    std::size_t at = 0;
    auto nodes = parse_until(source, at, "", depth);
    return nodes;
  }

  /// Reads nodes up to {{/end}} (or the end of `source` where `end` is empty).
  Result<std::vector<Node>> parse_until(std::string_view source, std::size_t& at,
                                        std::string_view end, int depth) {
    if (depth > nesting_max) return fail(ErrorCode::malformed, "template nests too deep");
    std::vector<Node> nodes;
    while (true) {
      const auto open = source.find("{{", at);
      add_literal(nodes, source.substr(at, open == std::string_view::npos ? open : open - at));
      if (open == std::string_view::npos) {
        if (end.empty()) return nodes;
        return fail(ErrorCode::malformed, "section " + std::string{end} + " is not closed");
      }
      const auto close = source.find("}}", open);
      if (close == std::string_view::npos) {
        const auto line =
            std::count(source.begin(), source.begin() + static_cast<long>(open), '\n');
        return fail(ErrorCode::malformed, "open tag in line " + std::to_string(line + 1));
      }
      const auto tag = source.substr(open + 2, close - open - 2);
      at = close + 2;
      if (tag.starts_with('/')) {
        if (tag.substr(1) == end && !end.empty()) return nodes;
        return fail(ErrorCode::malformed, "unexpected section end " + std::string{tag});
      }
      auto added = add_tag(nodes, tag, source, at, depth);
      if (!added) return tl::unexpected<Error>{std::move(added).error()};
    }
  }

  static void add_literal(std::vector<Node>& nodes, std::string_view text) {
    if (!text.empty()) nodes.push_back({Node::Kind::literal, std::string{text}});
  }

  Result<void> add_tag(std::vector<Node>& nodes, std::string_view tag, std::string_view source,
                       std::size_t& at, int depth) {
    if (tag.starts_with('#') || tag.starts_with('^')) {
      auto children = parse_until(source, at, tag.substr(1), depth + 1);
      if (!children) return tl::unexpected<Error>{std::move(children).error()};
      const auto kind = tag.front() == '#' ? Node::Kind::section : Node::Kind::inverted;
      nodes.push_back({kind, std::string{tag.substr(1)}, std::move(*children)});
    } else if (tag.starts_with('>')) {
      const auto partial = partials(tag.substr(1));
      if (partial.empty()) return fail(ErrorCode::malformed, "no template " + std::string{tag});
      auto children = parse(partial, depth + 1);
      if (!children) return tl::unexpected<Error>{std::move(children).error()};
      std::move(children->begin(), children->end(), std::back_inserter(nodes));
    } else if (tag.starts_with("t.")) {
      nodes.push_back({Node::Kind::translation, std::string{tag.substr(2)}});
    } else {
      nodes.push_back({Node::Kind::value, std::string{tag}});
    }
    return {};
  }
};

Result<Template> Template::parse(std::string_view source, const FindPartial& partials) {
  auto nodes = Parser{partials}.parse(source, 0);
  if (!nodes) return tl::unexpected<Error>{std::move(nodes).error()};
  Template made;
  made.nodes_ = std::move(*nodes);
  return made;
}

std::string Template::render(const Values& values, const Translate& translate) const {
  std::string out;
  Scope scope{&values};
  render_nodes(nodes_, scope, translate, out);
  return out;
}

void Template::render_nodes(const std::vector<Node>& nodes, Scope& scope,
                            const Translate& translate, std::string& out) {
  const auto find =
      [&scope](std::string_view name) -> const std::variant<std::string, Values::List>* {
    for (auto level = scope.rbegin(); level != scope.rend(); ++level) {
      const auto found = (*level)->by_name_.find(name);
      if (found != (*level)->by_name_.end()) return &found->second;
    }
    return nullptr;
  };
  for (const auto& node : nodes) {
    if (node.kind == Node::Kind::literal) {
      out += node.text;
      continue;
    }
    if (node.kind == Node::Kind::translation) {
      out += escape_html(translate(node.text));
      continue;
    }
    const auto* value = find(node.text);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    const auto* list = value == nullptr ? nullptr : std::get_if<Values::List>(value);
    const bool shown = (text != nullptr && !text->empty()) || (list != nullptr && !list->empty());
    if (node.kind == Node::Kind::value) {
      if (text != nullptr) out += escape_html(*text);
    } else if (node.kind == Node::Kind::inverted) {
      if (!shown) render_nodes(node.children, scope, translate, out);
    } else if (list != nullptr) {
      for (const auto& item : *list) {
        scope.push_back(&item);
        render_nodes(node.children, scope, translate, out);
        scope.pop_back();
      }
    } else if (shown) {
      render_nodes(node.children, scope, translate, out);
    }
  }
}

}  // namespace khien::pages
