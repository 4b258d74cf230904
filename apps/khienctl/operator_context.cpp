#include "operator_context.h"

#include "base/file.h"
#include "crypto/seal.h"

namespace khien::khienctl {

Result<std::unique_ptr<OperatorContext>> OperatorContext::open(const Place& place) {
  const auto key_path = place.state / "keys" / "seal.key";
  if (!std::filesystem::exists(key_path)) {
    return fail(ErrorCode::not_found, "there is no seal key in " + key_path.string() +
                                          "; name khiend's folder with --state");
  }
  SystemRng rng;
  auto key = crypto::load_or_create_seal_key(key_path, rng);
  if (!key) return tl::unexpected<Error>{std::move(key).error()};
  // Nothing that is called from here asks it for a suffix.
  auto suffixes = text::PublicSuffixList::built_in();
  if (!suffixes) return tl::unexpected<Error>{std::move(suffixes).error()};
  return std::unique_ptr<OperatorContext>{
      new OperatorContext{std::move(*key), std::move(*suffixes)}};
}

identity::Context OperatorContext::identity() {
  return {.clock = clock_,
          .rng = rng_,
          .seal_key = seal_key_,
          .server_key = server_key_,
          .rp = rp_,
          .passwords = passwords_,
          .limits = limits_};
}

cases::Context OperatorContext::cases() {
  return {.clock = clock_, .rng = rng_, .suffixes = suffixes_, .contact_key = seal_key_};
}

}  // namespace khien::khienctl
