// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_SUGGESTION_H_
#define RELAY_CONFIG_SUGGESTION_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace relay {

// Of all candidates considered, the one that was most likely meant by a
// mistyped word. The candidates outlive it.
class Suggestion {
 public:
  explicit Suggestion(absl::string_view word);

  void Consider(absl::string_view candidate);

  // ", did you mean PREFIXcandidate?", or nothing when none is near.
  std::string Words(absl::string_view prefix) const;

 private:
  const absl::string_view word_;
  size_t nearest_;
  absl::string_view best_;
};

// Whether one slip makes `b` of `a`: a character too many, missing or wrong, or two neighbours swapped.
bool OneSlipApart(absl::string_view a, absl::string_view b);

}  // namespace relay

#endif  // RELAY_CONFIG_SUGGESTION_H_
