#include "text/suffix_list.h"

#include <libpsl.h>

#include <system_error>

#include "text/host.h"

namespace khien::text {

Result<PublicSuffixList> PublicSuffixList::load(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return fail(ErrorCode::not_found, "no public suffix list at " + path.string());
  if (size > suffix_list_size_max) {
    return fail(ErrorCode::limit_exceeded, "public suffix list " + path.string() + " is too large");
  }
  std::shared_ptr<const psl_ctx_st> list{psl_load_file(path.c_str()), [](const psl_ctx_st* old) {
                                           psl_free(const_cast<psl_ctx_st*>(old));
                                         }};
  if (!list || psl_suffix_count(list.get()) < suffix_list_rules_min) {
    return fail(ErrorCode::corrupt, path.string() + " is not a public suffix list");
  }
  return PublicSuffixList{std::move(list)};
}

Result<PublicSuffixList> PublicSuffixList::built_in() {
  const psl_ctx_st* list = psl_builtin();
  if (list == nullptr) return fail(ErrorCode::unavailable, "libpsl has no built-in list");
  return PublicSuffixList{std::shared_ptr<const psl_ctx_st>{list, [](const psl_ctx_st*) {}}};
}

SuffixSection PublicSuffixList::section_of(std::string_view host) const {
  const std::string name{host};
  const auto is = [&](int type) {
    return psl_is_public_suffix2(list_.get(), name.c_str(), type) != 0;
  };
  if (is(PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)) return SuffixSection::icann;
  if (is(PSL_TYPE_PRIVATE | PSL_TYPE_NO_STAR_RULE)) return SuffixSection::hosting;
  return name.find('.') == std::string::npos ? SuffixSection::unlisted : SuffixSection::none;
}

bool PublicSuffixList::is_public_suffix(std::string_view host) const {
  return section_of(host) != SuffixSection::none;
}

std::string_view PublicSuffixList::listed_suffix(std::string_view host) const {
  const std::string name{host};
  // Points into `name`: the longest suffix, the default rule included.
  const char* suffix = psl_unregistrable_domain(list_.get(), name.c_str());
  if (suffix == nullptr) return {};
  const auto found = host.substr(static_cast<std::size_t>(suffix - name.c_str()));
  return section_of(found) == SuffixSection::unlisted ? std::string_view{} : found;
}

std::optional<std::string> PublicSuffixList::registrable_domain(std::string_view host) const {
  const std::string name{host};
  const char* domain = psl_registrable_domain(list_.get(), name.c_str());
  if (domain == nullptr) return std::nullopt;
  return std::string{domain};
}

int PublicSuffixList::rule_count() const { return psl_suffix_count(list_.get()); }

}  // namespace khien::text
