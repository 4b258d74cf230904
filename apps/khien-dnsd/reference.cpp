#include "reference.h"

#include <fmt/format.h>

#include <algorithm>

namespace khien::dnsd {
namespace {

constexpr std::size_t comment_width = 100;

bool is_flag(const CLI::Option& option) { return option.get_expected_min() == 0; }
bool is_array(const CLI::Option& option) { return option.get_items_expected_max() > 1; }
bool is_number(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.starts_with("UINT") || type.starts_with("INT");
}

std::string scalar(const CLI::Option& option, const std::string& value) {
  if (is_flag(option) || is_number(option)) return value;
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text += '\\';
    text += c;
  }
  return text + '"';
}

std::string value_text(const CLI::Option& option, const std::vector<std::string>& values) {
  if (!is_array(option)) return scalar(option, values.empty() ? "" : values.front());
  std::string text = "[";
  for (const auto& value : values) text += (text.size() > 1 ? ", " : "") + scalar(option, value);
  return text + "]";
}

std::vector<std::string> default_values(const CLI::Option& option) {
  std::string text = option.get_default_str();
  if (is_flag(option)) return {text.empty() ? "false" : text};
  if (!is_array(option)) return {text};
  if (text.starts_with('[')) text = text.substr(1, text.size() - 2);  // CLI11 writes [a,b]
  return text.empty() ? std::vector<std::string>{} : CLI::detail::split(text, ',');
}

std::string in_comment(const std::string& text) {
  std::string out;
  std::size_t width = comment_width;
  for (const std::string& word : CLI::detail::split(text, ' ')) {
    if (width + 1 + word.size() > comment_width) {
      out += out.empty() ? "#" : "\n#";
      width = 1;
    }
    out += " " + word;
    width += 1 + word.size();
  }
  return out + "\n";
}

/// The options of `group` that are settings, in the order of their declaration.
std::vector<const CLI::Option*> settings(const CLI::App& app, const std::string& group) {
  return app.get_options([&](const CLI::Option* option) {
    return option->get_group() == group && option->get_configurable();
  });
}

/// "TEXT ...", "UINT:UINT in [1 - 256]", "TEXT:{a,b}" as people say it.
std::string kind_text(const CLI::Option& option) {
  if (is_flag(option)) return "true or false";
  std::string type = option.get_type_name();
  const auto limit = type.find(':');
  if (limit != std::string::npos) {
    type = type.substr(limit + 1);
    const auto range = type.find(" in [");
    if (range != std::string::npos) {
      type = type.substr(range + 5, type.size() - range - 6);
      type.replace(type.find(" - "), 3, " to ");
    } else if (type.starts_with('{')) {
      type = CLI::detail::find_and_replace(type.substr(1, type.size() - 2), ",", ", ");
    }
  } else {
    type = is_number(option) ? "whole number" : "text";
  }
  return is_array(option) ? type + "; several" : type;
}

std::string cell(std::string text) { return CLI::detail::find_and_replace(text, "|", "\\|"); }

}  // namespace

std::string config_text(const CLI::App& app) {
  std::string out =
      "# Options of khien-dnsd; the command line wins over this file. An unknown key is an error.\n"
      "# Check it: khien-dnsd --check --config FILE    After a change: systemctl restart "
      "khien-dnsd\n";
  for (const std::string& group : app.get_groups()) {
    const auto options = settings(app, group);
    if (options.empty()) continue;
    out += "\n# ---- " + group + "\n";
    for (const CLI::Option* option : options) {
      const std::string key = option->get_single_name();
      out += "\n" + in_comment(option->get_description());
      out += "# " + key + " = " + value_text(*option, default_values(*option)) + "\n";
      if (option->count() != 0) {
        out += key + " = " + value_text(*option, option->results()) + "\n";
      }
    }
  }
  return out;
}

std::string settings_text(const CLI::App& app) {
  std::string out =
      "# Settings of khien-dnsd\n\n"
      "Written by `khien-dnsd --print-settings`; a test compares it with the program. Each setting "
      "is an option of the command line and\n"
      "a key (without the dashes) of the file that `--config` names; the command line wins. "
      "What may be given several times is an array there.\n";
  for (const std::string& group : app.get_groups()) {
    const auto options = settings(app, group);
    if (options.empty()) continue;
    out += "\n## " + group + "\n\n| setting | meaning | default | value |\n|---|---|---|---|\n";
    for (const CLI::Option* option : options) {
      out += fmt::format("| `{}` | {} | `{}` | {} |\n", option->get_name(),
                         cell(option->get_description()),
                         value_text(*option, default_values(*option)), cell(kind_text(*option)));
    }
  }
  return out;
}

}  // namespace khien::dnsd
