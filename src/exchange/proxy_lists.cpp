#include "exchange/proxy_lists.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "codec/rfc3339.h"
#include "exchange/list_reader.h"

namespace khien::exchange {
namespace {

constexpr std::string_view urls_ending = ".urls";

/// Differs when either file was replaced or written.
std::string look(const std::filesystem::path& file) {
  std::string out;
  for (const auto& path : {file.string(), file.string() + std::string{signature_ending}}) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) {
      out += "- ";
      continue;
    }
    out += fmt::format("{}:{}:{}.{} ", status.st_ino, status.st_size, status.st_mtim.tv_sec,
                       status.st_mtim.tv_nsec);
  }
  return out;
}

/// The value of "# Objections: …" in the comments at the top.
std::string objections_of(std::string_view text) {
  constexpr std::string_view mark = "# Objections: ";
  while (text.starts_with('#')) {
    const auto end = std::min(text.find('\n'), text.size());
    if (text.starts_with(mark)) return std::string{text.substr(mark.size(), end - mark.size())};
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Result<NameSet> names_of(std::string_view text) {
  NameSetBuilder builder;
  bool fits = true;
  auto counts = read_list(text, {.format = ListFormat::domains},
                          [&](const ListEntry& entry) { fits = builder.add(entry) && fits; });
  if (!counts) return tl::unexpected<Error>{std::move(counts).error()};
  if (!fits) return fail(ErrorCode::limit_exceeded, "it has too many names", "list_too_large");
  SetCounts ignored;
  return builder.build(ignored);
}

}  // namespace

bool holds_urls(const std::filesystem::path& file) { return file.extension() == urls_ending; }

ProxyLists::ProxyLists(Options options, const Clock& clock,
                       std::function<void(const std::string&)> complain)
    : key_(options.key), clock_(clock), complain_(std::move(complain)) {
  for (auto& file : options.files) {
    auto list = std::make_unique<List>();
    list->name = file.stem().string();
    list->file = std::move(file);
    lists_.push_back(std::move(list));
  }
}

Result<std::shared_ptr<const ProxyLists::Content>> ProxyLists::read(const List& list) const {
  auto read = read_signed_list(list.file, key_, clock_.now_ms());
  if (!read) return tl::unexpected<Error>{std::move(read).error()};
  auto content = std::make_shared<Content>();
  content->statement = std::move(read->statement);
  content->objections = objections_of(read->text);
  if (holds_urls(list.file)) {
    auto urls = UrlRules::parse(read->text);
    if (!urls) return propagate(std::move(urls).error(), list.file.string());
    content->urls = std::move(*urls);
  } else {
    auto names = names_of(read->text);
    if (!names) return propagate(std::move(names).error(), list.file.string());
    content->names = std::move(*names);
  }
  return std::shared_ptr<const Content>{std::move(content)};
}

void ProxyLists::refresh() {
  for (const auto& list : lists_) refresh(*list);
}

void ProxyLists::refresh(List& list) {
  const auto before = list.content.get();
  if (before && before->statement.expires_at_ms <= clock_.now_ms() && !list.end_told) {
    list.end_told = true;
    complain_(fmt::format("{} is over since {}: nothing of it is answered any more; fetch it again",
                          list.file.string(),
                          codec::write_rfc3339(before->statement.expires_at_ms)));
  }
  auto now = look(list.file);
  if (now == list.seen) return;
  list.seen = std::move(now);
  auto fresh = read(list);
  const std::string_view else_what =
      before ? "the last good one stays" : "there is none: every answer is \"BH\"";
  if (!fresh) return complain_(fmt::format("{}; {}", fresh.error().message, else_what));
  const auto& statement = (*fresh)->statement;
  if (before && statement.made_at_ms < before->statement.made_at_ms) {
    return complain_(fmt::format("{} of {} is older than what is in force; {}", list.file.string(),
                                 codec::write_rfc3339(statement.made_at_ms), else_what));
  }
  list.end_told = false;
  list.content.publish(std::move(*fresh));
}

ProxyAnswer ProxyLists::ask(std::string_view written) {
  ProxyAnswer answer{.verdict = ProxyVerdict::not_listed};
  const auto target = text::read_web_target(written);
  if (!target) return answer;
  for (const auto& list : lists_) {
    const auto content = list->content.get();
    if (!content || content->statement.expires_at_ms <= clock_.now_ms()) {
      answer = {.verdict = ProxyVerdict::unknown, .list = list->name};
      continue;
    }
    if (content->names.covers(target->host) || content->urls.covering(*target)) {
      return {
          .verdict = ProxyVerdict::listed, .list = list->name, .objections = content->objections};
    }
  }
  return answer;
}

}  // namespace khien::exchange
