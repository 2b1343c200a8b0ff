// SPDX-License-Identifier: Apache-2.0

#include "kafka/connection_trouble.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kafka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Of(absl::string_view message) {
  ConnectionTrouble trouble("k1:9092,k2:9092");
  trouble.Note("FAIL", message);
  return trouble.Explain("timed out");
}

TEST(ConnectionTroubleTest, NamesWhatToLookAt) {
  const absl::Status certificate =
      Of("ssl://k:9093/bootstrap: SSL handshake failed: certificate verify failed: broker certificate could not be "
         "verified");
  EXPECT_EQ(certificate.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(certificate.message()), HasSubstr("ssl.ca.location"));
  const absl::Status password =
      Of("sasl_ssl://k:9093/bootstrap: SASL authentication error: Authentication failed: Invalid username or password");
  EXPECT_EQ(password.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_THAT(std::string(password.message()), HasSubstr("sasl.password"));
  const absl::Status refused = Of("k:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused");
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), AllOf(HasSubstr("KAFKA_HOST"), Not(HasSubstr("TLS"))));
}

// It may want TLS, or have died at that moment.
TEST(ConnectionTroubleTest, ABrokerThatHangsUpAtOnceIsNotSaidToFailInTls) {
  for (const char* message :
       {"k:9092/bootstrap: Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol "
        "configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request)",
        "k:9092/bootstrap: Disconnected (after 3ms in state APIVERSION_QUERY)"}) {
    const absl::Status status = Of(message);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("KAFKA_HOST"), HasSubstr("TLS_ENABLE")));
  }
}

TEST(ConnectionTroubleTest, ARefusalIsToldOnceWhateverFailsAfterIt) {
  ConnectionTrouble trouble("k1:9092,k2:9092");
  EXPECT_FALSE(trouble.TakeRefusal());
  trouble.Note("FAIL", "k1: SASL authentication error: Authentication failed");
  trouble.Note("FAIL", "k2: Connection refused");
  trouble.Clear();
  EXPECT_TRUE(trouble.TakeRefusal());
  EXPECT_FALSE(trouble.TakeRefusal());
}

TEST(ConnectionTroubleTest, KnowsNothingOnceABrokerHasAnswered) {
  ConnectionTrouble trouble("k1:9092,k2:9092");
  trouble.Note("FAIL", "k1: SSL handshake failed");
  trouble.Clear();
  const absl::Status status = trouble.Explain("timed out");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("k1:9092,k2:9092"), Not(HasSubstr("SSL"))));
}

}  // namespace
}  // namespace kafka
