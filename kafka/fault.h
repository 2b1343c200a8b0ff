// SPDX-License-Identifier: Apache-2.0

// What an error code of librdkafka or of a broker means for a record: who tries
// again, or who is to blame.
//
// librdkafka retries some codes by itself and fails a whole batch for good with
// all others, for reasons that are often no fault of the records. The table in
// fault.cc names every code of the linked librdkafka (a test holds it to that)
// with the reason for its class.

#ifndef KAFKA_FAULT_H_
#define KAFKA_FAULT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace kafka {

// The code of a record that is refused before any broker sees it, for what is in
// it: Kafka's own INVALID_RECORD.
inline constexpr int kInvalidRecord = 87;

// What the sender of a record has to do about a delivery report.
enum class Fault {
  kNone,         // Delivered.
  kRow,          // The record, or one beside it in its batch, will never be taken.
  kDestination,  // Its topic is unknown, or not ours to write to.
  kRetry,        // Nobody's fault: send it again, in its order.
  kInstance,     // The producer is dead: replace it, then send again.
};

// Who deals with a code. Finer than Fault, for the table and the documentation.
enum class Handling {
  kDelivered,
  kByLibrary,  // librdkafka retries it; a report that carries it is a kRetry.
  kByUs,       // librdkafka gives up though the record is sound: kRetry.
  kRow,
  kDestination,
  kInstance,
  kForeign,  // Belongs to consumers, groups or administration; if a producer
             // ever reports it, it is a kRetry.
};

struct CodeClass {
  int code;  // rd_kafka_resp_err_t
  Handling handling;
  absl::string_view reason;  // Why it is in its class.
};

// The table, sorted by code. Static.
absl::Span<const CodeClass> CodeClasses();

// The class of `code`. A code that the table does not know (a newer broker's) is
// kByUs: what is not understood is retried, not condemned.
Handling HandlingOf(int code);
Fault FaultOfCode(int code);

// librdkafka's symbol for a code, such as "MSG_SIZE_TOO_LARGE": short, stable,
// fit for metric labels and log lines. Valid until this thread asks again.
absl::string_view CodeName(int code);

// "none", "row", "destination", "retry", "instance": for log lines and labels.
absl::string_view FaultName(Fault fault);

// A status for `code` whose canonical code tells the fault (kRow:
// InvalidArgument; kDestination: NotFound or PermissionDenied; kRetry:
// Unavailable; kInstance: Aborted) and which carries `code` itself.
absl::Status FaultStatus(int code, absl::string_view message);

// The fault and the code that FaultStatus put into a status. OK is kNone; a
// status that FaultStatus did not make is kRetry with code -1 (UNKNOWN).
Fault FaultOfStatus(const absl::Status& status);
int CodeOfStatus(const absl::Status& status);

}  // namespace kafka

#endif  // KAFKA_FAULT_H_
