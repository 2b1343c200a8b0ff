// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/server_error.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"

namespace cdc {
namespace {

absl::Status StatusOf(uint32_t number, const std::string& message = "said",
                      ServerErrorPhase phase = ServerErrorPhase::kConnected) {
  return ServerErrorStatus({number, "HY000", message}, "db1:3306", phase);
}

TEST(ServerErrorTest, CodeTellsWhatToDo) {
  EXPECT_EQ(StatusOf(2003).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(2013).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(1213).code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(1045).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(StatusOf(1227).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(StatusOf(1146).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(StatusOf(1062).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(StatusOf(1054).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(StatusOf(1236).code(), absl::StatusCode::kUnknown);
}

TEST(ServerErrorTest, ReadOnlyServerIsWaitedForButOtherOptionsAreNot) {
  EXPECT_EQ(StatusOf(1290, "running with the --super-read-only option").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(1290, "running with the --secure-file-priv option").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(ServerErrorTest, MessageNamesPlaceNumberAndCure) {
  EXPECT_EQ(StatusOf(1045, "Access denied for user 'relay'@'localhost'").message(),
            "db1:3306: Access denied for user 'relay'@'localhost' (error 1045); check the user and its password");
}

TEST(ServerErrorTest, TlsTroubleIsPermanentOnlyWhileConnecting) {
  const std::string verify = "TLS/SSL error: certificate verify failed";
  EXPECT_EQ(StatusOf(2026, verify, ServerErrorPhase::kConnecting).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(StatusOf(2026, "TLS/SSL error: unexpected eof while reading", ServerErrorPhase::kConnecting).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(2026, verify).code(), absl::StatusCode::kUnavailable);
}

TEST(ServerErrorTest, UnknownErrorWithAConnectionStateIsRetried) {
  EXPECT_EQ(ServerErrorStatus({7777, "08S01", "x"}, "", ServerErrorPhase::kConnected).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(StatusOf(7777).code(), absl::StatusCode::kUnknown);
}

TEST(ServerErrorTest, NumberTravelsWithTheStatus) {
  EXPECT_EQ(ServerErrorNumber(StatusOf(1045)), 1045u);
  EXPECT_EQ(ServerErrorNumber(absl::UnknownError("x")), 0u);
  EXPECT_EQ(ServerErrorNumber(absl::OkStatus()), 0u);
}

}  // namespace
}  // namespace cdc
