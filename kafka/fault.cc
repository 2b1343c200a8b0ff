// SPDX-License-Identifier: Apache-2.0

#include "kafka/fault.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace kafka {
namespace {

constexpr absl::string_view kCodePayload = "outbox-relay/kafka-code";

#define CODE(name) RD_KAFKA_RESP_ERR_##name

// Measured with the mock cluster (producer_faults_test.cc) or read from
// rd_kafka_handle_Produce_error, rd_kafka_err_action and the metadata handling
// of librdkafka 2.8; the rest belongs to requests that a producer never makes.
constexpr CodeClass kCodeClasses[] = {
    // librdkafka's own codes.
    {CODE(_BAD_MSG), Handling::kByUs, "an answer could not be parsed; the records are sound"},
    {CODE(_BAD_COMPRESSION), Handling::kByUs, "the batch could not be compressed or an answer not be unpacked"},
    {CODE(_DESTROY), Handling::kInstance, "the instance is being destroyed"},
    {CODE(_FAIL), Handling::kByUs, "unspecified trouble of a connection"},
    {CODE(_TRANSPORT), Handling::kByLibrary, "the connection broke"},
    {CODE(_CRIT_SYS_RESOURCE), Handling::kInstance, "no memory or threads for the instance"},
    {CODE(_RESOLVE), Handling::kByLibrary, "a broker's name does not resolve"},
    {CODE(_MSG_TIMED_OUT), Handling::kByUs, "timed out in librdkafka; message.timeout.ms=0 should rule it out"},
    {CODE(_PARTITION_EOF), Handling::kForeign, "consumers only"},
    {CODE(_UNKNOWN_PARTITION), Handling::kDestination,
     "the topic was deleted, or lost its partitions, under queued records"},
    {CODE(_FS), Handling::kByUs, "a local file could not be used"},
    {CODE(_UNKNOWN_TOPIC), Handling::kDestination, "the cluster says that there is no such topic"},
    {CODE(_ALL_BROKERS_DOWN), Handling::kByLibrary, "no broker is reachable"},
    {CODE(_INVALID_ARG), Handling::kRow, "librdkafka calls the record itself invalid"},
    {CODE(_TIMED_OUT), Handling::kByLibrary, "a request timed out"},
    {CODE(_QUEUE_FULL), Handling::kByUs, "the local queue is full: wait for room"},
    {CODE(_ISR_INSUFF), Handling::kByUs, "too few replicas in sync"},
    {CODE(_NODE_UPDATE), Handling::kByLibrary, "a broker changed its address"},
    {CODE(_SSL), Handling::kByLibrary, "TLS failed; it is tried again"},
    {CODE(_WAIT_COORD), Handling::kByLibrary, "waiting for a coordinator"},
    {CODE(_UNKNOWN_GROUP), Handling::kForeign, "consumers only"},
    {CODE(_IN_PROGRESS), Handling::kByUs, "an operation is under way already"},
    {CODE(_PREV_IN_PROGRESS), Handling::kByUs, "an earlier operation is under way"},
    {CODE(_EXISTING_SUBSCRIPTION), Handling::kForeign, "consumers only"},
    {CODE(_ASSIGN_PARTITIONS), Handling::kForeign, "consumers only"},
    {CODE(_REVOKE_PARTITIONS), Handling::kForeign, "consumers only"},
    {CODE(_CONFLICT), Handling::kByUs, "conflicting use of librdkafka"},
    {CODE(_STATE), Handling::kInstance, "the instance may not produce in its present (transaction) state"},
    {CODE(_UNKNOWN_PROTOCOL), Handling::kByUs, "a peer that does not speak Kafka"},
    {CODE(_NOT_IMPLEMENTED), Handling::kByUs, "not built into this librdkafka"},
    {CODE(_AUTHENTICATION), Handling::kByLibrary, "a broker refused our credentials; it is tried again"},
    {CODE(_NO_OFFSET), Handling::kForeign, "consumers only"},
    {CODE(_OUTDATED), Handling::kByUs, "an answer to a question long past"},
    {CODE(_TIMED_OUT_QUEUE), Handling::kByLibrary, "a request waited too long for its connection"},
    {CODE(_UNSUPPORTED_FEATURE), Handling::kInstance, "the brokers lack what an idempotent producer needs"},
    {CODE(_WAIT_CACHE), Handling::kByLibrary, "metadata not there yet"},
    {CODE(_INTR), Handling::kByUs, "interrupted"},
    {CODE(_KEY_SERIALIZATION), Handling::kForeign, "serializers only"},
    {CODE(_VALUE_SERIALIZATION), Handling::kForeign, "serializers only"},
    {CODE(_KEY_DESERIALIZATION), Handling::kForeign, "serializers only"},
    {CODE(_VALUE_DESERIALIZATION), Handling::kForeign, "serializers only"},
    {CODE(_PARTIAL), Handling::kByUs, "an answer of only some brokers"},
    {CODE(_READ_ONLY), Handling::kByUs, "misuse of librdkafka"},
    {CODE(_NOENT), Handling::kByUs, "misuse of librdkafka"},
    {CODE(_UNDERFLOW), Handling::kByUs, "an answer cut short"},
    {CODE(_INVALID_TYPE), Handling::kByUs, "misuse of librdkafka"},
    {CODE(_RETRY), Handling::kByLibrary, "taken out of the output queue to be sent to another leader"},
    {CODE(_PURGE_QUEUE), Handling::kByUs, "we, or a fatal error, purged it"},
    {CODE(_PURGE_INFLIGHT), Handling::kByUs, "we purged it while in flight; it may have been written"},
    {CODE(_FATAL), Handling::kInstance, "the instance has met a fatal error"},
    {CODE(_INCONSISTENT), Handling::kInstance, "librdkafka can no longer vouch for the order of this partition"},
    {CODE(_GAPLESS_GUARANTEE), Handling::kInstance, "a batch was refused for good; going on would leave a gap"},
    {CODE(_MAX_POLL_EXCEEDED), Handling::kForeign, "consumers only"},
    {CODE(_UNKNOWN_BROKER), Handling::kByUs, "the leader is not known yet"},
    {CODE(_NOT_CONFIGURED), Handling::kByUs, "misuse of librdkafka"},
    {CODE(_FENCED), Handling::kInstance, "a newer producer has the same transactional id"},
    {CODE(_APPLICATION), Handling::kForeign, "consumers only"},
    {CODE(_ASSIGNMENT_LOST), Handling::kForeign, "consumers only"},
    {CODE(_NOOP), Handling::kByUs, "nothing was done"},
    {CODE(_AUTO_OFFSET_RESET), Handling::kForeign, "consumers only"},
    {CODE(_LOG_TRUNCATION), Handling::kForeign, "consumers only"},
    {CODE(_INVALID_DIFFERENT_RECORD), Handling::kByUs, "another record of the batch was invalid, this one was not"},
    {-137, Handling::kByLibrary, "_DESTROY_BROKER (2.10): the cluster no longer lists the broker"},

    // Brokers' codes.
    {CODE(UNKNOWN), Handling::kByUs, "the broker had an unexpected error; librdkafka gives up at once"},
    {CODE(NO_ERROR), Handling::kDelivered, "written by all in-sync replicas"},
    {CODE(OFFSET_OUT_OF_RANGE), Handling::kForeign, "consumers only"},
    {CODE(INVALID_MSG), Handling::kByLibrary, "a batch damaged on its way (CRC)"},
    {CODE(UNKNOWN_TOPIC_OR_PART), Handling::kDestination,
     "no such topic, said by the metadata or after the retries of a produce "
     "request"},
    {CODE(INVALID_MSG_SIZE), Handling::kRow, "a record of an impossible size"},
    {CODE(LEADER_NOT_AVAILABLE), Handling::kByLibrary, "an election runs"},
    {CODE(NOT_LEADER_FOR_PARTITION), Handling::kByLibrary, "the leader has moved"},
    {CODE(REQUEST_TIMED_OUT), Handling::kByLibrary, "the replicas did not confirm in time"},
    {CODE(BROKER_NOT_AVAILABLE), Handling::kByLibrary, "the broker is gone"},
    {CODE(REPLICA_NOT_AVAILABLE), Handling::kByLibrary, "a replica is gone"},
    {CODE(MSG_SIZE_TOO_LARGE), Handling::kRow,
     "larger than the topic's max.message.bytes takes, the batch if not the "
     "row"},
    {CODE(STALE_CTRL_EPOCH), Handling::kForeign, "between brokers only"},
    {CODE(OFFSET_METADATA_TOO_LARGE), Handling::kForeign, "consumers only"},
    {CODE(NETWORK_EXCEPTION), Handling::kByUs, "the broker lost a connection of its own"},
    {CODE(COORDINATOR_LOAD_IN_PROGRESS), Handling::kByLibrary, "a coordinator is starting"},
    {CODE(COORDINATOR_NOT_AVAILABLE), Handling::kByLibrary, "a coordinator is starting"},
    {CODE(NOT_COORDINATOR), Handling::kByLibrary, "the coordinator has moved"},
    {CODE(TOPIC_EXCEPTION), Handling::kDestination, "the broker calls the topic's name invalid, or the topic internal"},
    {CODE(RECORD_LIST_TOO_LARGE), Handling::kRow, "a batch larger than the topic's segment.bytes"},
    {CODE(NOT_ENOUGH_REPLICAS), Handling::kByLibrary, "fewer in-sync replicas than min.insync.replicas"},
    {CODE(NOT_ENOUGH_REPLICAS_AFTER_APPEND), Handling::kByLibrary,
     "written, but by fewer replicas than min.insync.replicas"},
    {CODE(INVALID_REQUIRED_ACKS), Handling::kByUs, "acks=all refused: a broker's trouble, no record's"},
    {CODE(ILLEGAL_GENERATION), Handling::kForeign, "consumers only"},
    {CODE(INCONSISTENT_GROUP_PROTOCOL), Handling::kForeign, "consumers only"},
    {CODE(INVALID_GROUP_ID), Handling::kForeign, "consumers only"},
    {CODE(UNKNOWN_MEMBER_ID), Handling::kForeign, "consumers only"},
    {CODE(INVALID_SESSION_TIMEOUT), Handling::kForeign, "consumers only"},
    {CODE(REBALANCE_IN_PROGRESS), Handling::kForeign, "consumers only"},
    {CODE(INVALID_COMMIT_OFFSET_SIZE), Handling::kForeign, "consumers only"},
    {CODE(TOPIC_AUTHORIZATION_FAILED), Handling::kDestination, "we may not describe the topic or write to it"},
    {CODE(GROUP_AUTHORIZATION_FAILED), Handling::kForeign, "consumers only"},
    {CODE(CLUSTER_AUTHORIZATION_FAILED), Handling::kByUs,
     "we may not produce idempotently (brokers before 2.8: IdempotentWrite): "
     "the operator's to mend, not a row's fault"},
    {CODE(INVALID_TIMESTAMP), Handling::kRow, "a timestamp further off than the topic's limits allow"},
    {CODE(UNSUPPORTED_SASL_MECHANISM), Handling::kByUs, "the broker does not offer the SASL mechanism"},
    {CODE(ILLEGAL_SASL_STATE), Handling::kByUs, "authentication went out of step; a new connection mends it"},
    {CODE(UNSUPPORTED_VERSION), Handling::kByUs, "a broker older than it said; no record's fault"},
    {CODE(TOPIC_ALREADY_EXISTS), Handling::kForeign, "administration only"},
    {CODE(INVALID_PARTITIONS), Handling::kForeign, "administration only"},
    {CODE(INVALID_REPLICATION_FACTOR), Handling::kDestination,
     "the topic can't be created automatically: too few brokers for it"},
    {CODE(INVALID_REPLICA_ASSIGNMENT), Handling::kForeign, "administration only"},
    {CODE(INVALID_CONFIG), Handling::kForeign, "administration only"},
    {CODE(NOT_CONTROLLER), Handling::kForeign, "administration only"},
    {CODE(INVALID_REQUEST), Handling::kByUs, "the broker did not understand the request; often a broker mid-upgrade"},
    {CODE(UNSUPPORTED_FOR_MESSAGE_FORMAT), Handling::kByUs,
     "the topic's message format is too old for idempotence or headers: the "
     "operator's to mend"},
    {CODE(POLICY_VIOLATION), Handling::kByUs, "a policy of the cluster, that may change; it says nothing of the row"},
    {CODE(OUT_OF_ORDER_SEQUENCE_NUMBER), Handling::kInstance, "the broker's and our count of this partition differ"},
    {CODE(DUPLICATE_SEQUENCE_NUMBER), Handling::kDelivered, "written before, by a try whose answer was lost"},
    {CODE(INVALID_PRODUCER_EPOCH), Handling::kInstance, "the broker knows a newer life of this producer"},
    {CODE(INVALID_TXN_STATE), Handling::kInstance, "the transaction is not in a state that takes records"},
    {CODE(INVALID_PRODUCER_ID_MAPPING), Handling::kInstance, "the coordinator has forgotten the producer"},
    {CODE(INVALID_TRANSACTION_TIMEOUT), Handling::kInstance, "transaction.timeout.ms is above the broker's limit"},
    {CODE(CONCURRENT_TRANSACTIONS), Handling::kByLibrary, "the transaction before is still being ended"},
    {CODE(TRANSACTION_COORDINATOR_FENCED), Handling::kInstance, "the coordinator was replaced"},
    {CODE(TRANSACTIONAL_ID_AUTHORIZATION_FAILED), Handling::kInstance,
     "we may not use the transactional id: the operator's to mend"},
    {CODE(SECURITY_DISABLED), Handling::kForeign, "administration only"},
    {CODE(OPERATION_NOT_ATTEMPTED), Handling::kByUs, "refused because of a neighbour in the same request"},
    {CODE(KAFKA_STORAGE_ERROR), Handling::kByLibrary, "a broker's disk failed"},
    {CODE(LOG_DIR_NOT_FOUND), Handling::kForeign, "administration only"},
    {CODE(SASL_AUTHENTICATION_FAILED), Handling::kByUs, "a broker refused our credentials: the operator's to mend"},
    {CODE(UNKNOWN_PRODUCER_ID), Handling::kByLibrary, "the broker has forgotten us, all we wrote there having expired"},
    {CODE(REASSIGNMENT_IN_PROGRESS), Handling::kForeign, "administration only"},
    {CODE(DELEGATION_TOKEN_AUTH_DISABLED), Handling::kForeign, "delegation tokens only"},
    {CODE(DELEGATION_TOKEN_NOT_FOUND), Handling::kForeign, "delegation tokens only"},
    {CODE(DELEGATION_TOKEN_OWNER_MISMATCH), Handling::kForeign, "delegation tokens only"},
    {CODE(DELEGATION_TOKEN_REQUEST_NOT_ALLOWED), Handling::kForeign, "delegation tokens only"},
    {CODE(DELEGATION_TOKEN_AUTHORIZATION_FAILED), Handling::kForeign, "delegation tokens only"},
    {CODE(DELEGATION_TOKEN_EXPIRED), Handling::kForeign, "delegation tokens only"},
    {CODE(INVALID_PRINCIPAL_TYPE), Handling::kForeign, "administration only"},
    {CODE(NON_EMPTY_GROUP), Handling::kForeign, "consumers only"},
    {CODE(GROUP_ID_NOT_FOUND), Handling::kForeign, "consumers only"},
    {CODE(FETCH_SESSION_ID_NOT_FOUND), Handling::kForeign, "consumers only"},
    {CODE(INVALID_FETCH_SESSION_EPOCH), Handling::kForeign, "consumers only"},
    {CODE(LISTENER_NOT_FOUND), Handling::kByUs, "the leader does not listen where we connect, for now"},
    {CODE(TOPIC_DELETION_DISABLED), Handling::kForeign, "administration only"},
    {CODE(FENCED_LEADER_EPOCH), Handling::kByUs, "our metadata are old"},
    {CODE(UNKNOWN_LEADER_EPOCH), Handling::kByUs, "the broker's metadata are old"},
    {CODE(UNSUPPORTED_COMPRESSION_TYPE), Handling::kByUs,
     "the broker is too old for the compression: set compression.type"},
    {CODE(STALE_BROKER_EPOCH), Handling::kForeign, "between brokers only"},
    {CODE(OFFSET_NOT_AVAILABLE), Handling::kForeign, "consumers only"},
    {CODE(MEMBER_ID_REQUIRED), Handling::kForeign, "consumers only"},
    {CODE(PREFERRED_LEADER_NOT_AVAILABLE), Handling::kForeign, "administration only"},
    {CODE(GROUP_MAX_SIZE_REACHED), Handling::kForeign, "consumers only"},
    {CODE(FENCED_INSTANCE_ID), Handling::kForeign, "consumers only"},
    {CODE(ELIGIBLE_LEADERS_NOT_AVAILABLE), Handling::kForeign, "administration only"},
    {CODE(ELECTION_NOT_NEEDED), Handling::kForeign, "administration only"},
    {CODE(NO_REASSIGNMENT_IN_PROGRESS), Handling::kForeign, "administration only"},
    {CODE(GROUP_SUBSCRIBED_TO_TOPIC), Handling::kForeign, "consumers only"},
    {CODE(INVALID_RECORD), Handling::kRow,
     "the broker's validation refuses the record (a compacted topic without a "
     "key)"},
    {CODE(UNSTABLE_OFFSET_COMMIT), Handling::kForeign, "consumers only"},
    {CODE(THROTTLING_QUOTA_EXCEEDED), Handling::kByUs, "a quota; librdkafka gives up at once"},
    {CODE(PRODUCER_FENCED), Handling::kInstance, "a newer producer has the same transactional id"},
    {CODE(RESOURCE_NOT_FOUND), Handling::kForeign, "administration only"},
    {CODE(DUPLICATE_RESOURCE), Handling::kForeign, "administration only"},
    {CODE(UNACCEPTABLE_CREDENTIAL), Handling::kForeign, "administration only"},
    {CODE(INCONSISTENT_VOTER_SET), Handling::kForeign, "between brokers only"},
    {CODE(INVALID_UPDATE_VERSION), Handling::kForeign, "between brokers only"},
    {CODE(FEATURE_UPDATE_FAILED), Handling::kForeign, "administration only"},
    {CODE(PRINCIPAL_DESERIALIZATION_FAILURE), Handling::kForeign, "between brokers only"},
    {CODE(UNKNOWN_TOPIC_ID), Handling::kDestination, "the topic was deleted and made again"},
    {CODE(FENCED_MEMBER_EPOCH), Handling::kForeign, "consumers only"},
    {CODE(UNRELEASED_INSTANCE_ID), Handling::kForeign, "consumers only"},
    {CODE(UNSUPPORTED_ASSIGNOR), Handling::kForeign, "consumers only"},
    {CODE(STALE_MEMBER_EPOCH), Handling::kForeign, "consumers only"},
    {CODE(UNKNOWN_SUBSCRIPTION_ID), Handling::kForeign, "telemetry only"},
    {CODE(TELEMETRY_TOO_LARGE), Handling::kForeign, "telemetry only"},
    {129, Handling::kByLibrary, "REBOOTSTRAP_REQUIRED (2.10): librdkafka asks the first brokers again"},
};

#undef CODE

absl::StatusCode StatusCodeOf(int code) {
  switch (FaultOfCode(code)) {
    case Fault::kNone:
      return absl::StatusCode::kOk;
    case Fault::kRow:
      return absl::StatusCode::kInvalidArgument;
    case Fault::kDestination:
      return code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ? absl::StatusCode::kPermissionDenied
                                                                  : absl::StatusCode::kNotFound;
    case Fault::kRetry:
      return absl::StatusCode::kUnavailable;
    case Fault::kInstance:
      return absl::StatusCode::kAborted;
  }
  return absl::StatusCode::kUnavailable;
}

}  // namespace

absl::Span<const CodeClass> CodeClasses() { return kCodeClasses; }

Handling HandlingOf(int code) {
  const CodeClass* const found =
      std::lower_bound(std::begin(kCodeClasses), std::end(kCodeClasses), code,
                       [](const CodeClass& entry, int wanted) { return entry.code < wanted; });
  if (found == std::end(kCodeClasses) || found->code != code) {
    return Handling::kByUs;
  }
  return found->handling;
}

Fault FaultOfCode(int code) {
  switch (HandlingOf(code)) {
    case Handling::kDelivered:
      return Fault::kNone;
    case Handling::kRow:
      return Fault::kRow;
    case Handling::kDestination:
      return Fault::kDestination;
    case Handling::kInstance:
      return Fault::kInstance;
    case Handling::kByLibrary:
    case Handling::kByUs:
    case Handling::kForeign:
      return Fault::kRetry;
  }
  return Fault::kRetry;
}

absl::string_view CodeName(int code) { return rd_kafka_err2name(static_cast<rd_kafka_resp_err_t>(code)); }

absl::string_view FaultName(Fault fault) {
  switch (fault) {
    case Fault::kNone:
      return "none";
    case Fault::kRow:
      return "row";
    case Fault::kDestination:
      return "destination";
    case Fault::kRetry:
      return "retry";
    case Fault::kInstance:
      return "instance";
  }
  return "retry";
}

absl::Status FaultStatus(int code, absl::string_view message) {
  absl::Status status(StatusCodeOf(code), message);
  if (!status.ok()) {
    status.SetPayload(kCodePayload, absl::Cord(absl::StrCat(code)));
  }
  return status;
}

int CodeOfStatus(const absl::Status& status) {
  if (status.ok()) return RD_KAFKA_RESP_ERR_NO_ERROR;
  const absl::optional<absl::Cord> payload = status.GetPayload(kCodePayload);
  int code = 0;
  if (!payload.has_value() || !absl::SimpleAtoi(std::string(*payload), &code)) {
    return RD_KAFKA_RESP_ERR_UNKNOWN;
  }
  return code;
}

Fault FaultOfStatus(const absl::Status& status) { return FaultOfCode(CodeOfStatus(status)); }

}  // namespace kafka
