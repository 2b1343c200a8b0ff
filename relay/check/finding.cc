// SPDX-License-Identifier: Apache-2.0
#include "relay/check/finding.h"

#include "absl/strings/str_cat.h"

namespace relay {
namespace {

absl::Status AsStatus(const Finding& finding) {
  const std::string text = absl::StrCat(finding.what, finding.cure.empty() ? "" : "; ", finding.cure);
  return finding.waiting_cures ? absl::UnavailableError(text) : absl::FailedPreconditionError(text);
}

}  // namespace

Finding Finding::Fail(const absl::Status& status) {
  return {Grade::kFail, std::string(status.message()), "", absl::IsUnavailable(status)};
}

std::string Finding::ToString() const {
  const absl::string_view word = grade == Grade::kOk ? "ok  " : grade == Grade::kWarn ? "warn" : "FAIL";
  return absl::StrCat(word, "  ", what, cure.empty() ? "" : " → ", cure);
}

std::ostream& operator<<(std::ostream& out, const Finding& finding) { return out << finding.ToString(); }

absl::Status FirstFailure(const std::vector<Finding>& findings) {
  const Finding* passing = nullptr;
  for (const Finding& finding : findings) {
    if (finding.grade != Finding::Grade::kFail) continue;
    if (!finding.waiting_cures) return AsStatus(finding);
    if (passing == nullptr) passing = &finding;
  }
  return passing == nullptr ? absl::OkStatus() : AsStatus(*passing);
}

}  // namespace relay
