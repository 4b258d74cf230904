// The letter to those who may give an order its second signature: asked for by the move that makes
// the order wait (cases/second_signer.h), one mail for each person.
#pragma once

#include "officer_mail.h"

namespace khien::khiend {

[[nodiscard]] Letter signer_letter(LetterParts parts);

}  // namespace khien::khiend
