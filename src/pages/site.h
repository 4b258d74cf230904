// The public pages: report, status, look-up, register, block page, objection. Plain HTML that works
// without script; each at most 60 KB with its style sheet. Rendering is a pure function of view and
// texts. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "pages/template.h"
#include "pages/views.h"

namespace khien::pages {

/// What every page knows of its reader and of who runs the site.
struct Reader {
  std::string_view lang;  ///< "vi" or "en"
  std::string_view path;  ///< of this page, for the language link
  std::string_view body;  ///< name of the authority that runs this Khiên
  /// What stands before the paths of links: nothing, or where our pages are, on a page that is
  /// served under a blocked name.
  std::string_view home = {};
};

/// Longest text a person may write into one field, in characters.
constexpr int text_size_max = 4'000;

class Site {
 public:
  /// Parses every template. `translate(lang)` gives the texts of a language.
  using Texts = std::function<std::string(std::string_view lang, std::string_view key)>;
  [[nodiscard]] static Result<std::unique_ptr<Site>> open(Texts texts);

  [[nodiscard]] std::string report_form(const Reader& reader, const ReportForm& view) const;
  [[nodiscard]] std::string received(const Reader& reader, const Received& view) const;
  /// The form alone, with `alert` where a code was wrong.
  [[nodiscard]] std::string status_form(const Reader& reader, std::string_view alert) const;
  [[nodiscard]] std::string status(const Reader& reader, const ReportStatus& view) const;
  /// `result` is nullptr before a question was asked.
  [[nodiscard]] std::string lookup(const Reader& reader, std::string_view question,
                                   const LookupResult* result, std::string_view alert = {}) const;
  [[nodiscard]] std::string register_page(const Reader& reader, const RegisterPage& view) const;
  [[nodiscard]] std::string lists(const Reader& reader, const ListsPage& view) const;
  [[nodiscard]] std::string order(const Reader& reader, const OrderPage& view) const;
  [[nodiscard]] std::string block(const Reader& reader, const BlockPage& view) const;
  [[nodiscard]] std::string objection_form(const Reader& reader, const ObjectionForm& view) const;
  [[nodiscard]] std::string objection_received(const Reader& reader, std::string_view code) const;
  [[nodiscard]] std::string objection_status(const Reader& reader,
                                             const ObjectionStatus& view) const;
  /// The form alone, with `alert` where a code was wrong.
  [[nodiscard]] std::string provider_form(const Reader& reader, std::string_view alert) const;
  [[nodiscard]] std::string provider_task(const Reader& reader, const ProviderTaskPage& view) const;
  [[nodiscard]] std::string help(const Reader& reader) const;
  [[nodiscard]] std::string error(const Reader& reader, const ErrorPage& view) const;

  /// The text of one catalogue key, for callers that fill views.
  [[nodiscard]] std::string text(std::string_view lang, std::string_view key) const;

 private:
  explicit Site(Texts texts) : texts_(std::move(texts)) {}
  [[nodiscard]] std::string render(std::string_view name, const Reader& reader,
                                   std::string_view title_key, std::string_view at,
                                   Values values) const;

  Texts texts_;
  std::map<std::string, Template, std::less<>> templates_;
};

}  // namespace khien::pages
