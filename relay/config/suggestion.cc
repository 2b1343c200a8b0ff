// SPDX-License-Identifier: Apache-2.0
#include "relay/config/suggestion.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace relay {
namespace {

// Edits it takes to make `b` of `a`.
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Suggestion::Suggestion(absl::string_view word) : word_(word), nearest_(std::max<size_t>(2, word.size() / 3) + 1) {}

void Suggestion::Consider(absl::string_view candidate) {
  // A beginning is as good as one slip.
  const size_t distance = absl::StartsWith(candidate, word_) && word_.size() > 2 ? 1 : Distance(word_, candidate);
  if (distance < nearest_) {
    nearest_ = distance;
    best_ = candidate;
  }
}

std::string Suggestion::Words(absl::string_view prefix) const {
  return best_.empty() ? "" : absl::StrCat(", did you mean ", prefix, best_, "?");
}

bool OneSlipApart(absl::string_view a, absl::string_view b) {
  if (Distance(a, b) == 1) return true;
  if (a.size() != b.size()) return false;
  const size_t i = std::mismatch(a.begin(), a.end(), b.begin()).first - a.begin();
  return i + 1 < a.size() && a[i] == b[i + 1] && a[i + 1] == b[i] && a.substr(i + 2) == b.substr(i + 2);
}

}  // namespace relay
