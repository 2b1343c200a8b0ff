// SPDX-License-Identifier: Apache-2.0

#include "kafka/fault.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>

#include "gtest/gtest.h"

namespace kafka {
namespace {

TEST(FaultTest, TableKnowsEveryCodeOfTheLinkedLibrary) {
  const rd_kafka_err_desc* descriptions = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&descriptions, &count);
  std::set<int> library;
  for (size_t i = 0; i < count; ++i) {
    const int code = descriptions[i].code;
    // The array has holes, and marks of its begin and end.
    if (descriptions[i].desc == nullptr || code == RD_KAFKA_RESP_ERR__BEGIN || code == RD_KAFKA_RESP_ERR__END) {
      continue;
    }
    library.insert(code);
  }
  ASSERT_GT(library.size(), 150u);
  std::set<int> table;
  for (const CodeClass& entry : CodeClasses()) table.insert(entry.code);
  for (const int code : library) {
    EXPECT_TRUE(table.count(code)) << code << " " << CodeName(code) << " has no class";
  }
}

TEST(FaultTest, TableIsSortedWithoutRepeatsAndGivesReasons) {
  const absl::Span<const CodeClass> table = CodeClasses();
  for (size_t i = 0; i < table.size(); ++i) {
    EXPECT_FALSE(table[i].reason.empty()) << CodeName(table[i].code);
    EXPECT_EQ(HandlingOf(table[i].code), table[i].handling) << CodeName(table[i].code);
    if (i > 0) {
      EXPECT_LT(table[i - 1].code, table[i].code) << CodeName(table[i].code) << " out of order";
    }
  }
}

TEST(FaultTest, InvalidRecordIsKafkasOwnCode) { EXPECT_EQ(kInvalidRecord, RD_KAFKA_RESP_ERR_INVALID_RECORD); }

TEST(FaultTest, RetriesWhatItDoesNotKnow) {
  EXPECT_EQ(FaultOfCode(32000), Fault::kRetry);
  EXPECT_EQ(FaultOfCode(-5000), Fault::kRetry);
}

TEST(FaultTest, BlamesTheRowOnlyForWhatTheRowIs) {
  std::set<int> row;
  for (const CodeClass& entry : CodeClasses()) {
    if (FaultOfCode(entry.code) == Fault::kRow) row.insert(entry.code);
  }
  EXPECT_EQ(row, (std::set<int>{RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
                                RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
                                RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, RD_KAFKA_RESP_ERR_INVALID_RECORD}));
}

TEST(FaultTest, StatusCarriesFaultAndCode) {
  for (const CodeClass& entry : CodeClasses()) {
    const absl::Status status = FaultStatus(entry.code, "text");
    EXPECT_EQ(FaultOfStatus(status), FaultOfCode(entry.code)) << CodeName(entry.code);
    if (!status.ok()) {
      EXPECT_EQ(CodeOfStatus(status), entry.code);
      EXPECT_EQ(status.message(), "text");
    }
  }
}

TEST(FaultTest, StatusCodeTellsTheFault) {
  EXPECT_TRUE(absl::IsInvalidArgument(FaultStatus(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, "")));
  EXPECT_TRUE(absl::IsNotFound(FaultStatus(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, "")));
  EXPECT_TRUE(absl::IsPermissionDenied(FaultStatus(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "")));
  EXPECT_TRUE(absl::IsUnavailable(FaultStatus(RD_KAFKA_RESP_ERR_UNKNOWN, "")));
  EXPECT_TRUE(absl::IsAborted(FaultStatus(RD_KAFKA_RESP_ERR__FATAL, "")));
}

TEST(FaultTest, ForeignStatusIsARetry) {
  EXPECT_EQ(FaultOfStatus(absl::InternalError("no code")), Fault::kRetry);
  EXPECT_EQ(FaultOfStatus(absl::OkStatus()), Fault::kNone);
}

}  // namespace
}  // namespace kafka
