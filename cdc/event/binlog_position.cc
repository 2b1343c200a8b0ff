// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/binlog_position.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace cdc {
namespace {

// The digits behind the last dot, without leading zeros; false if the name has
// none. Compared by length and text, so that no number is too long.
bool SplitSequence(absl::string_view file, absl::string_view* stem, absl::string_view* digits) {
  const size_t dot = file.rfind('.');
  if (dot == absl::string_view::npos || dot + 1 == file.size()) return false;
  *stem = file.substr(0, dot);
  *digits = file.substr(dot + 1);
  if (!std::all_of(digits->begin(), digits->end(), absl::ascii_isdigit)) {
    return false;
  }
  while (digits->size() > 1 && digits->front() == '0') digits->remove_prefix(1);
  return true;
}

std::strong_ordering CompareText(absl::string_view a, absl::string_view b) {
  const int order = a.compare(b);
  if (order < 0) return std::strong_ordering::less;
  if (order > 0) return std::strong_ordering::greater;
  return std::strong_ordering::equal;
}

}  // namespace

absl::StatusOr<BinlogPosition> BinlogPosition::Parse(absl::string_view text) {
  const size_t colon = text.rfind(':');
  BinlogPosition position;
  if (colon == absl::string_view::npos || colon == 0 || !absl::SimpleAtoi(text.substr(colon + 1), &position.offset)) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is no binlog position: write FILE:OFFSET, for example ", "binlog.000042:1234"));
  }
  position.file = std::string(text.substr(0, colon));
  return position;
}

std::string BinlogPosition::ToString() const {
  if (empty()) return "(no position)";
  return absl::StrCat(file, ":", offset);
}

std::strong_ordering CompareBinlogFiles(absl::string_view a, absl::string_view b) {
  absl::string_view a_stem, a_digits, b_stem, b_digits;
  if (SplitSequence(a, &a_stem, &a_digits) && SplitSequence(b, &b_stem, &b_digits) && a_stem == b_stem) {
    if (a_digits.size() != b_digits.size()) {
      return a_digits.size() <=> b_digits.size();
    }
    const auto order = CompareText(a_digits, b_digits);
    if (order != std::strong_ordering::equal) return order;
  }
  return CompareText(a, b);
}

bool AreOfOneSeries(absl::string_view a, absl::string_view b) {
  absl::string_view a_stem, a_digits, b_stem, b_digits;
  if (a == b) return true;
  return SplitSequence(a, &a_stem, &a_digits) && SplitSequence(b, &b_stem, &b_digits) && a_stem == b_stem;
}

bool operator==(const BinlogPosition& a, const BinlogPosition& b) { return a.offset == b.offset && a.file == b.file; }

std::strong_ordering operator<=>(const BinlogPosition& a, const BinlogPosition& b) {
  const auto order = CompareBinlogFiles(a.file, b.file);
  if (order != std::strong_ordering::equal) return order;
  return a.offset <=> b.offset;
}

std::ostream& operator<<(std::ostream& out, const BinlogPosition& position) { return out << position.ToString(); }

}  // namespace cdc
