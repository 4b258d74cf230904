#include "store/search.h"

#include <algorithm>

namespace khien::store {
namespace {

constexpr std::string_view sql_put =
    "INSERT INTO search_entry (kind, id, words) VALUES ($1, $2, $3)"
    " ON CONFLICT (kind, id) DO UPDATE SET words = excluded.words";
constexpr std::string_view sql_remove = "DELETE FROM search_entry WHERE kind = $1 AND id = $2";
constexpr std::string_view sql_search_sqlite =
    "SELECT e.id FROM search_index JOIN search_entry e ON e.key = search_index.rowid"
    " WHERE search_index MATCH $2 AND e.kind = $1 ORDER BY e.id DESC LIMIT $3";
constexpr std::string_view sql_search_postgresql =
    "SELECT id FROM search_entry WHERE document @@ CAST($2 AS tsquery) AND kind = $1"
    " ORDER BY id DESC LIMIT $3";

bool is_word_octet(char c) noexcept {
  const auto octet = static_cast<unsigned char>(c);
  return octet >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

// The first octets of `word`, ending with a whole UTF-8 character.
std::string_view cut(std::string_view word) noexcept {
  auto size = std::min(word.size(), search_word_size_max);
  while (size < word.size() && (static_cast<unsigned char>(word[size]) & 0xC0) == 0x80) --size;
  return word.substr(0, size);
}

// Only letters beyond ASCII stay as they are: FTS5's ascii tokenizer lowers the others, PostgreSQL
// takes what it is given.
std::string lowered(std::string_view word) {
  std::string out{word};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (!is_word_octet(text[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < text.size() && is_word_octet(text[end])) ++end;
    words.push_back(lowered(cut(text.substr(at, end - at))));
    at = end;
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) {
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

// Both query languages quote a word so; words hold no quote, so none can break out.
std::string query_text(Engine engine, const std::vector<std::string>& words, LastWord last_word) {
  const bool sqlite = engine == Engine::sqlite;
  const std::string quote = sqlite ? "\"" : "'";
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += sqlite ? " AND " : " & ";
    out += quote + words[i] + quote;
    if (i + 1 == words.size() && last_word == LastWord::prefix) out += sqlite ? "*" : ":*";
  }
  return out;
}

}  // namespace

Result<void> search_put(Transaction& tx, std::string_view kind, std::string_view id,
                        std::string_view folded_text) {
  // A word or character that the cut breaks is not searchable: take it away whole.
  auto text = folded_text.substr(0, search_text_size_max);
  if (text.size() < folded_text.size()) {
    while (!text.empty() && is_word_octet(text.back())) text.remove_suffix(1);
  }
  auto put = tx.execute(sql_put, {kind, id, joined(words_of(text))});
  if (!put) return propagate(std::move(put).error(), "make searchable");
  return {};
}

Result<void> search_remove(Transaction& tx, std::string_view kind, std::string_view id) {
  auto removed = tx.execute(sql_remove, {kind, id});
  if (!removed) return propagate(std::move(removed).error(), "remove from search");
  return {};
}

Result<std::vector<std::string>> search(Executor& executor, const SearchQuery& query) {
  if (!is_storable_text(query.folded_text)) {
    return fail(ErrorCode::invalid_argument, "a search is not UTF-8", "bad_text");
  }
  auto words = words_of(query.folded_text.substr(0, search_text_size_max));
  if (words.empty()) return std::vector<std::string>{};
  if (words.size() > search_query_words_max) words.resize(search_query_words_max);
  const auto limit = static_cast<std::int64_t>(std::min(query.limit, search_results_max));
  const bool sqlite = executor.engine() == Engine::sqlite;
  auto rows =
      executor.query(sqlite ? sql_search_sqlite : sql_search_postgresql,
                     {query.kind, query_text(executor.engine(), words, query.last_word), limit});
  if (!rows) return propagate(std::move(rows).error(), "search");
  std::vector<std::string> ids;
  ids.reserve(rows->size());
  for (Row& row : *rows) ids.push_back(std::move(row).text(0));
  return ids;
}

}  // namespace khien::store
