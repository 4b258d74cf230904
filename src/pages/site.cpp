#include "pages/site.h"

#include <array>

#include "base/assert.h"
#include "pages/embedded.h"

namespace khien::pages {
namespace {

constexpr std::array<std::string_view, 13> page_names{
    "report", "received",           "status",           "lookup", "register", "order",
    "object", "objection_received", "objection_status", "lists",  "provider", "help",
    "error"};

const char* class_of(Tone tone) noexcept {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::good: return "good";
    case Tone::wait: return "wait";
    case Tone::bad: return "bad";
  }
  return "";
}

Values values_of(const OrderPage& view) {
  Values values;
  values.set("number", view.number)
      .set("name", view.name)
      .set("scope", view.scope)
      .set("category", view.category)
      .set("who", view.who)
      .set("ground", view.ground)
      .set("since", view.since)
      .set("until", view.until)
      .set("state", view.state)
      .set("tone", class_of(view.tone))
      .set("signatures", view.signatures)
      .set("proof", view.proof);
  return values;
}

Values::List values_of(const std::vector<ListingPage>& listings) {
  Values::List list;
  for (const auto& view : listings) {
    list.push_back(Values{}
                       .set("asked", view.asked)
                       .set("name", view.name)
                       .set("scope", view.scope)
                       .set("list", view.list)
                       .set("category", view.category)
                       .set("licence", view.licence)
                       .set("who", view.who)
                       .set("until", view.until)
                       .set("choice", view.choice));
  }
  return list;
}

}  // namespace

Result<std::unique_ptr<Site>> Site::open(Texts texts) {
  // The constructor is private, so make_unique cannot reach it.
  std::unique_ptr<Site> site{new Site{std::move(texts)}};
  const FindPartial find = [](std::string_view name) {
    return embedded_templates(std::string{name} + ".html");
  };
  for (const auto name : page_names) {
    auto made = Template::parse(find(name), find);
    if (!made) return propagate(std::move(made).error(), "template " + std::string{name});
    site->templates_.emplace(name, std::move(*made));
  }
  return site;
}

std::string Site::text(std::string_view lang, std::string_view key) const {
  return texts_(lang, key);
}

std::string Site::render(std::string_view name, const Reader& reader, std::string_view title_key,
                         std::string_view at, Values values) const {
  const auto found = templates_.find(name);
  KHIEN_ASSERT(found != templates_.end());
  const std::string_view other = reader.lang == "vi" ? "en" : "vi";
  values.set("lang", std::string{reader.lang})
      .set("other_lang", std::string{other})
      .set("path", std::string{reader.path})
      .set("body", std::string{reader.body})
      .set("home", std::string{reader.home})
      .set("title", text(reader.lang, title_key))
      .set("text_max", std::to_string(text_size_max))
      .set("at_" + std::string{at}, true);
  return found->second.render(
      values, [this, &reader](std::string_view key) { return texts_(reader.lang, key); });
}

std::string Site::report_form(const Reader& reader, const ReportForm& view) const {
  Values::List kinds;
  for (const auto& kind : view.kinds) {
    kinds.push_back(
        Values{}.set("id", kind.id).set("name", kind.name).set("checked", kind.checked));
  }
  Values values;
  values.set("alert", view.alert)
      .set("submission", view.submission)
      .set("kinds", std::move(kinds))
      .set("what", view.what)
      .set("story", view.story)
      .set("contact", view.contact)
      .set("more_open", !view.story.empty() || !view.contact.empty());
  return render("report", reader, "public.report.title", "report", std::move(values));
}

std::string Site::received(const Reader& reader, const Received& view) const {
  Values values;
  values.set("code", view.code).set("number", view.number);
  return render("received", reader, "public.received.title", "report", std::move(values));
}

std::string Site::status_form(const Reader& reader, std::string_view alert) const {
  Values values;
  values.set("alert", std::string{alert});
  return render("status", reader, "public.status.title", "status", std::move(values));
}

std::string Site::status(const Reader& reader, const ReportStatus& view) const {
  Values::List blocks;
  for (const auto& line : view.blocks) {
    blocks.push_back(
        Values{}.set("name", line.name).set("state", line.state).set("order", line.order));
  }
  Values report;
  report.set("state", view.state)
      .set("explanation", view.explanation)
      .set("tone", class_of(view.tone))
      .set("received", view.received)
      .set("number", view.number)
      .set("has_blocks", !blocks.empty())
      .set("blocks", std::move(blocks))
      .set("can_withdraw", !view.withdraw_code.empty())
      .set("code", view.withdraw_code);
  Values values;
  values.set("report", Values::List{std::move(report)});
  return render("status", reader, "public.status.title", "status", std::move(values));
}

std::string Site::lookup(const Reader& reader, std::string_view question,
                         const LookupResult* result, std::string_view alert) const {
  Values values;
  values.set("q", std::string{question}).set("alert", std::string{alert});
  if (result != nullptr) {
    values.set("asked", true)
        .set("verdict", result->verdict)
        .set("explanation", result->explanation)
        .set("tone", class_of(result->tone))
        .set("order", result->order)
        .set("listing", values_of(result->listings));
  }
  return render("lookup", reader, "public.lookup.title", "lookup", std::move(values));
}

std::string Site::register_page(const Reader& reader, const RegisterPage& view) const {
  Values::List rows;
  for (const auto& row : view.rows) {
    rows.push_back(Values{}
                       .set("number", row.number)
                       .set("name", row.name)
                       .set("category", row.category)
                       .set("state", row.state)
                       .set("tone", class_of(row.tone))
                       .set("since", row.since)
                       .set("until", row.until));
  }
  Values values;
  values.set("q", view.query).set("rows", std::move(rows)).set("next", view.next);
  values.set("agreement", view.agreement.words)
      .set("agreement_tone", class_of(view.agreement.tone))
      .set("agreement_at", view.agreement.at);
  return render("register", reader, "public.register.title", "register", std::move(values));
}

std::string Site::lists(const Reader& reader, const ListsPage& view) const {
  Values::List lists;
  for (const auto& row : view.rows) {
    Values::List files;
    for (const auto& format : row.formats) {
      files.push_back(Values{}.set("file", row.id + "." + format).set("format", format));
    }
    lists.push_back(Values{}
                        .set("id", row.id)
                        .set("label", row.label)
                        .set("names", row.names)
                        .set("serial", row.serial)
                        .set("files", std::move(files)));
  }
  Values values;
  values.set("key", view.key).set("lists", std::move(lists));
  return render("lists", reader, "public.lists.title", "help", std::move(values));
}

std::string Site::order(const Reader& reader, const OrderPage& view) const {
  Values values;
  values.set("order", Values::List{values_of(view)});
  return render("order", reader, "public.order.title", "register", std::move(values));
}

std::string Site::block(const Reader& reader, const BlockPage& view) const {
  Values::List orders;
  for (const auto& order : view.orders) orders.push_back(values_of(order));
  Values values;
  values.set("blocked", true)
      .set("name", view.name)
      .set("unknown", orders.empty() && view.listings.empty() && view.lists_known)
      .set("unseen", orders.empty() && view.listings.empty() && !view.lists_known)
      .set("listing", values_of(view.listings));
  values.set("order", std::move(orders));
  return render("order", reader, "public.block.title", "", std::move(values));
}

std::string Site::objection_form(const Reader& reader, const ObjectionForm& view) const {
  Values values;
  values.set("alert", view.alert)
      .set("submission", view.submission)
      .set("order", view.order)
      .set("list", view.list)
      .set("text", view.text)
      .set("contact", view.contact);
  return render("object", reader, "public.object.title", "object", std::move(values));
}

std::string Site::objection_received(const Reader& reader, std::string_view code) const {
  Values values;
  values.set("code", std::string{code});
  return render("objection_received", reader, "public.objection.title", "object",
                std::move(values));
}

std::string Site::objection_status(const Reader& reader, const ObjectionStatus& view) const {
  Values values;
  values.set("state", view.state)
      .set("explanation", view.explanation)
      .set("tone", class_of(view.tone))
      .set("order", view.order)
      .set("name", view.name)
      .set("lodged", view.lodged)
      .set("answer", view.answer);
  return render("objection_status", reader, "public.objection.status", "object", std::move(values));
}

std::string Site::provider_form(const Reader& reader, std::string_view alert) const {
  Values values;
  values.set("alert", std::string{alert});
  return render("provider", reader, "public.provider.title", "provider", std::move(values));
}

std::string Site::provider_task(const Reader& reader, const ProviderTaskPage& view) const {
  Values::List lines;
  for (const auto& line : view.lines) {
    lines.push_back(Values{}
                        .set("name", line.name)
                        .set("expected", line.expected)
                        .set("since", line.since)
                        .set("seen", line.seen)
                        .set("seen_at", line.seen_at)
                        .set("order", line.order));
  }
  Values task;
  task.set("provider", view.provider)
      .set("state", view.state)
      .set("explanation", view.explanation)
      .set("tone", class_of(view.tone))
      .set("due", view.due)
      .set("lines", std::move(lines))
      .set("more", view.more)
      .set("answer", view.answer)
      .set("code", view.code)
      .set("can_answer", !view.code.empty());
  Values values;
  values.set("alert", view.alert).set("task", Values::List{std::move(task)});
  return render("provider", reader, "public.provider.title", "provider", std::move(values));
}

std::string Site::help(const Reader& reader) const {
  return render("help", reader, "public.help.title", "help", {});
}

std::string Site::error(const Reader& reader, const ErrorPage& view) const {
  Values values;
  values.set("heading", view.heading)
      .set("explanation", view.explanation)
      .set("advice", view.advice);
  return render("error", reader, "public.error.title", "", std::move(values));
}

}  // namespace khien::pages
