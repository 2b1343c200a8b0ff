// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_TESTDATA_H_
#define TESTING_TESTDATA_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace testing_support {

// The recorded binlog files of testing/testdata, by name without ".binlog". Dies if there is none.
std::vector<std::string> RecordedBinlogs();

// Where "NAME.binlog" lies, for whoever opens it by path.
std::string TestdataPath(absl::string_view file);

// A whole file; dies if it cannot be read.
std::string ReadTestdata(absl::string_view file);

// The golden file, empty if there is none. With UPDATE_GOLDEN=<the source's testing/testdata> in the environment,
// `actual` is written there instead and returned, so that a comparison succeeds.
std::string Golden(absl::string_view file, absl::string_view actual);

}  // namespace testing_support

#endif  // TESTING_TESTDATA_H_
