// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_LOG_EVENTS_H_
#define RELAY_STATUS_LOG_EVENTS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace relay {

// Every event the relay logs, with the stable code that alerts and searches go
// by. X(name, code, what it means, what to do about it; "" = nothing). A new
// line needs a new event here; docs/operations.md lists them, and a test holds
// it to that.
#define RELAY_LOG_EVENTS(X)                                                                                        \
  X(kProcessStarted, "process.started", "The process is up.", "")                                                  \
  X(kProcessStopping, "process.stopping", "A stop was asked for; what is queued is flushed.", "")                  \
  X(kProcessStopped, "process.stopped", "The process ends in good order.", "")                                     \
  X(kProcessFailed, "process.failed", "The process ends because waiting can not help.",                            \
    "Do what the line says, then start it again.")                                                                 \
  X(kConfigIgnored, "config.ignored", "A setting has no meaning here, or is misspelt.", "Remove or correct it.")   \
  X(kConfigInvalid, "config.invalid",                                                                              \
    "A flag or variable is wrong or missing: the process ends with exit code 2. In a text log the line begins "    \
    "with `outbox-relay:` and has no code.",                                                                       \
    "Do what the line says.")                                                                                      \
  X(kConfigInsecure, "config.insecure", "A setting leaves a connection open to whoever stands between.",           \
    "Do what the line says.")                                                                                      \
  X(kHttpListening, "http.listening", "The HTTP endpoints can be reached.", "")                                    \
  X(kHttpFailed, "http.failed", "A line of the HTTP server (debug).", "Nothing: a taken port is process.failed.")  \
  X(kSqlFailed, "sql.failed", "A statement or a connection failed; it is tried again.",                            \
    "Nothing when rare; else read the error.")                                                                     \
  X(kMigrationApplied, "migration.applied", "A table was created or changed.", "")                                 \
  X(kStreamConnected, "stream.connected", "The dump connection is open and reading has begun.", "")                \
  X(kStreamDisconnected, "stream.disconnected",                                                                    \
    "The dump connection ended; it is opened again from the last "                                                 \
    "transaction handed to Kafka.",                                                                                \
    "Nothing when rare; else look at the network and the server's log.")                                           \
  X(kStreamNoPrimary, "stream.no_primary",                                                                         \
    "No host of DB_HOST is a writable primary, or none has everything that was read (`--failover-grace`); one is " \
    "waited for.",                                                                                                 \
    "End the failover, or correct DB_HOST.")                                                                       \
  X(kStreamPurged, "stream.purged",                                                                                \
    "The log after the checkpoint is gone, or no longer sent; the table is swept before reading goes on.",         \
    "Keep binlogs longer than the longest outage.")                                                                \
  X(kStreamHistoryRewritten, "stream.history_rewritten",                                                           \
    "The server's log is another one than the checkpoint was taken from.",                                         \
    "Expect repeats; find out who reset or restored the server.")                                                  \
  X(kStreamTransactionsLost, "stream.transactions_lost",                                                           \
    "The new primary lacks transactions that were read: a failover lost them.",                                    \
    "What was published of them stays published; see what else was lost, and why the replica lagged.")             \
  X(kStreamDamaged, "stream.damaged", "An event failed its checksum or is malformed; it is read again.",           \
    "When it repeats, check the server's disk and its binlog.")                                                    \
  X(kStreamTakenOver, "stream.taken_over", "Another connection with our replica uuid displaced us.",               \
    "Run one relay on each state schema.")                                                                         \
  X(kStreamIncident, "stream.incident", "The server says that its log lacks rows; a sweep follows.",               \
    "Read the server's error log.")                                                                                \
  X(kStreamStatement, "stream.statement",                                                                          \
    "A change of the outbox was logged as a statement; a sweep brings it, within a minute.",                       \
    "Set binlog_format=ROW in every session.")                                                                     \
  X(kStreamSchemaChanged, "stream.schema_changed", "The outbox table was altered, truncated, renamed or dropped.", \
    "Nothing if you did it.")                                                                                      \
  X(kStreamXaUnknown, "stream.xa_unknown",                                                                         \
    "An XA transaction committed that was prepared before our start; a "                                           \
    "sweep brings its rows.",                                                                                      \
    "")                                                                                                            \
  X(kStreamUpsert, "stream.upsert",                                                                                \
    "REPLACE or ON DUPLICATE KEY UPDATE changed rows in place: an update is no message. Said once a "              \
    "minute at most, with their number since the last time.",                                                      \
    "Insert new rows into the outbox only.")                                                                       \
  X(kStreamPollingRelay, "stream.polling_relay", "A polling relay still claims rows of this table.",               \
    "Stop it: rows are published twice while both run.")                                                           \
  X(kRowsRequeued, "rows.requeued", "errored was set back to 0: the row is sent again.", "")                       \
  X(kKafkaConnected, "kafka.connected", "A broker answered.", "")                                                  \
  X(kKafkaUnreachable, "kafka.unreachable",                                                                        \
    "No broker answers; reading pauses when the queue is full, nothing is "                                        \
    "lost.",                                                                                                       \
    "Look at the brokers and at KAFKA_HOST.")                                                                      \
  X(kKafkaDelivery, "kafka.delivery", "A batch was not taken; its rows are sent again in order.",                  \
    "Nothing when rare; else look up the error code.")                                                             \
  X(kKafkaReplaced, "kafka.replaced",                                                                              \
    "The producer died of a fatal error and was replaced; unacknowledged "                                         \
    "rows are sent again.",                                                                                        \
    "Nothing when rare.")                                                                                          \
  X(kKafkaTopicHeld, "kafka.topic_held", "A topic is unknown or not authorised; its rows wait.",                   \
    "Create the topic or allow WRITE, within --topic-error-grace.")                                                \
  X(kKafkaTopicReleased, "kafka.topic_released", "The topic takes records again, or its grace is over.", "")       \
  X(kKafkaBreakerOpen, "kafka.breaker_open",                                                                       \
    "More rows than --poison-limit failed with one code in a minute: this is "                                     \
    "taken for an outage and reading is held.",                                                                    \
    "Mend the cause; reading goes on by itself.")                                                                  \
  X(kKafkaBreakerClosed, "kafka.breaker_closed", "Reading goes on.", "")                                           \
  X(kKafkaLibrary, "kafka.library", "A line of librdkafka.", "Read it together with kafka.unreachable.")           \
  X(kPartitionerChosen, "partitioner.chosen", "Which partitioner is used, and why.", "")                           \
  X(kRowPoisoned, "row.poisoned", "Kafka will never take this row: it is marked errored=1 with a reason.",         \
    "Mend it and set errored=0, or delete it.")                                                                    \
  X(kRowDeadLettered, "row.dead_lettered",                                                                         \
    "A poison row was no longer in the table: it is kept whole in "                                                \
    "kafka_outbox_dead.",                                                                                          \
    "Decide what becomes of it.")                                                                                  \
  X(kRelayHalted, "relay.halted", "--on-poison=halt and a row is poison: the process ends.",                       \
    "Raise the topic's limits, or start once with --on-poison=skip: the log keeps the row as it was inserted.")    \
  X(kCheckpointLoaded, "checkpoint.loaded", "Where reading resumes.", "")                                          \
  X(kCheckpointAbsent, "checkpoint.absent", "There is no checkpoint: --start decides where reading begins.", "")   \
  X(kCheckpointSaved, "checkpoint.saved", "The checkpoint was saved (debug).", "")                                 \
  X(kCheckpointFailed, "checkpoint.failed", "The checkpoint could not be saved; it is tried again.",               \
    "Look at the database; a crash now repeats more.")                                                             \
  X(kSweepStarted, "sweep.started", "The table is compared with what the log brought; the reason is named.", "")   \
  X(kSweepFinished, "sweep.finished", "The comparison is done.", "")                                               \
  X(kSweepFoundRows, "sweep.found_rows", "Rows that the log had not brought were published from the table.",       \
    "Find out why: statements, sql_log_bin=0, a purged log.")                                                      \
  X(kCleanupPass, "cleanup.pass", "Published rows were deleted.", "")                                              \
  X(kCleanupFailed, "cleanup.failed", "Deleting failed; it is tried again.",                                       \
    "Look at the database; the table grows meanwhile.")                                                            \
  X(kCleanupHeld, "cleanup.held", "Published rows are kept: a part of the log is not read, or not done.",          \
    "It passes with a backlog; else see why the low-water mark stands still. The table grows meanwhile.")          \
  X(kLedgerVoided, "ledger.voided", "What is known of published rows no longer holds; a sweep follows.",           \
    "Expect repeats.")                                                                                             \
  X(kOptimizeDone, "optimize.done", "OPTIMIZE TABLE ran.", "")                                                     \
  X(kSidecarFailed, "sidecar.failed", "POST /quitquitquit to SIDECAR_PROXY_URL failed.",                           \
    "Correct the URL; the pod stays until its sidecar ends.")                                                      \
  X(kThreadStuck, "thread.stuck", "A thread made no step for minutes; /livez fails.",                              \
    "Keep the stack (see the tasks in docs/operations.md) and report it.")                                         \
  X(kLibrary, "library.line", "A line of another library or of a check.", "")

enum class LogCode {
#define RELAY_LOG_EVENT_NAME(name, code, meaning, action) name,
  RELAY_LOG_EVENTS(RELAY_LOG_EVENT_NAME)
#undef RELAY_LOG_EVENT_NAME
};

struct LogEventInfo {
  LogCode code;
  absl::string_view text;  // "stream.connected"
  absl::string_view meaning;
  absl::string_view action;
};

// All of them, in the order above; LogCode is the index.
absl::Span<const LogEventInfo> AllLogEvents();

absl::string_view LogCodeText(LogCode code);

}  // namespace relay

#endif  // RELAY_STATUS_LOG_EVENTS_H_
