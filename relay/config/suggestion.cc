// SPDX-License-Identifier: Apache-2.0
#include "relay/config/suggestion.h"

#include <algorithm>
#include <numeric>
#include <utility>
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
  if (a.size() > b.size()) std::swap(a, b);
  size_t same = 0;
  while (same < a.size() && a[same] == b[same]) ++same;
  const absl::string_view rest_a = a.substr(same);
  const absl::string_view rest_b = b.substr(same);
  if (rest_b.empty()) return false;
  if (rest_a.size() + 1 == rest_b.size()) return rest_a == rest_b.substr(1);
  if (rest_a.size() != rest_b.size()) return false;
  if (rest_a.substr(1) == rest_b.substr(1)) return true;
  return rest_a.size() > 1 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] && rest_a.substr(2) == rest_b.substr(2);
}

}  // namespace relay
