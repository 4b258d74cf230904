// Full-text search with the same answers on both engines. The caller folds (text::fold()), so that
// "ngan hang" finds "Ngân hàng"; this module only cuts words and looks them up. A word is a run of
// ASCII letters and digits and of all characters beyond ASCII.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/executor.h"

namespace khien::store {

/// Text beyond this many octets is not searchable.
constexpr std::size_t search_text_size_max = 64 * 1024;
/// A word is cut to this many octets, in the text and in the query alike.
constexpr std::size_t search_word_size_max = 64;
/// Words of a query beyond these are left out.
constexpr std::size_t search_query_words_max = 16;
/// The most ids an answer holds.
constexpr std::size_t search_results_max = 500;

/// Makes the record `id` of `kind` findable by `folded_text`, replacing what was there.
[[nodiscard]] Result<void> search_put(Transaction& tx, std::string_view kind, std::string_view id,
                                      std::string_view folded_text);
/// Forgets the record. No error if it was not there.
[[nodiscard]] Result<void> search_remove(Transaction& tx, std::string_view kind,
                                         std::string_view id);

enum class LastWord {
  whole,   ///< every word as it stands
  prefix,  ///< the last word may go on: what a person is still typing
};

struct SearchQuery {
  std::string_view kind;
  std::string_view folded_text;
  std::size_t limit = 50;
  LastWord last_word = LastWord::prefix;
};

/// Ids of the records that hold every word, greatest id first (ids sort by time of creation).
/// A query without a word finds nothing.
[[nodiscard]] Result<std::vector<std::string>> search(Executor& executor, const SearchQuery& query);

}  // namespace khien::store
