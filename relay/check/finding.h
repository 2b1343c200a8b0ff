// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CHECK_FINDING_H_
#define RELAY_CHECK_FINDING_H_

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace relay {

// What came of looking at one precondition.
struct Finding {
  enum class Grade {
    kOk,
    kWarn,  // it works, with the drawback that `what` names
    kFail,  // it can't work until `cure` is done
  };
  Grade grade = Grade::kOk;
  std::string what;
  std::string cure;  // empty when there is nothing to do
  // Of kFail: trying again later may succeed without anybody's help (a server that is down).
  bool waiting_cures = false;

  static Finding Ok(std::string what) { return {Grade::kOk, std::move(what), "", false}; }
  static Finding Warn(std::string what, std::string cure) {
    return {Grade::kWarn, std::move(what), std::move(cure), false};
  }
  static Finding Fail(std::string what, std::string cure) {
    return {Grade::kFail, std::move(what), std::move(cure), false};
  }
  // A failure whose message holds its cure already; Unavailable is what waiting may cure.
  static Finding Fail(const absl::Status& status);

  // "ok    what", "warn  what → cure", "FAIL  what → cure"
  std::string ToString() const;
};

std::ostream& operator<<(std::ostream& out, const Finding& finding);

// OK when nothing failed. Else the first failure that waiting does not cure, FailedPrecondition, or if there is none
// the first of the others, Unavailable. The message is "what; cure".
absl::Status FirstFailure(const std::vector<Finding>& findings);

}  // namespace relay

#endif  // RELAY_CHECK_FINDING_H_
