// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_RELAY_STATUS_H_
#define RELAY_STATUS_RELAY_STATUS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace relay {

enum class RelayState {
  kStarting,  // before both sides were reached
  kPollingDisabled,
  kWaiting,   // for a primary, or for the end of the polling relay; nothing else is named so
  kStandby,   // another relay is active
  kSweeping,  // rows of the table first, the stream after
  kStreaming,
  kHolding,  // the breaker is open: goes on by itself
  kStopping,
};
absl::string_view RelayStateName(RelayState state);  // "streaming"

// What /status and the page print of a running relay: the state of one moment.
// Texts are ready to print; no payload, key, header value or secret is in it.
// Figures marked [metric] come from Metrics (relay/status/status_figures.h): nobody else
// sets them.
struct RelayStatus {
  RelayState state = RelayState::kStarting;
  std::string state_detail;  // one sentence for people, may be empty
  absl::Time started = absl::InfinitePast();
  std::string version;
  std::string relay_id;
  std::vector<std::string> schemas;
  std::string outbox_table;
  std::string partitioner;  // "murmur2"

  struct Problem {
    absl::Time at = absl::InfinitePast();
    std::string text;
  };

  struct Source {
    bool connected = false;
    bool reached_once = false;   // for readiness
    bool sql_reachable = false;  // the database answered the last statement
    absl::Time connected_since = absl::InfinitePast();
    std::string host;    // "db:3306", or the socket
    std::string server;  // "MySQL 9.7.4"
    std::string server_uuid;
    std::string low_water_mark;              // all before it is done: "binlog.000007:1234"
    std::string log_end;                     // of the server, when last asked
    uint64_t ahead_bytes = 0;                // [metric] log_end less the low-water mark
    std::optional<absl::Duration> to_purge;  // [metric] of the checkpoint's log
    std::optional<Problem> problem;          // the last, cleared when mended
  } source;

  struct Kafka {
    bool connected = false;
    bool reached_once = false;
    std::string brokers;
    uint64_t queue_records = 0;  // [metric]
    uint64_t queue_bytes = 0;    // [metric]
    absl::Time last_ack = absl::InfinitePast();
    std::optional<Problem> problem;
    struct HeldTopic {
      std::string topic;
      std::string reason;  // "TOPIC_AUTHORIZATION_FAILED"
      absl::Time since;
    };
    std::vector<HeldTopic> held_topics;
  } kafka;

  struct Checkpoint {
    bool present = false;
    std::string gtids;
    std::string position;
    absl::Time saved = absl::InfinitePast();
    std::optional<Problem> problem;
  } checkpoint;

  // Time since the commit of the oldest row not acknowledged; 0 = none.
  absl::Duration lag = absl::ZeroDuration();  // [metric]
  uint64_t unacknowledged_rows = 0;           // [metric]
  uint64_t published_rows = 0;                // [metric] since the start of the process
  uint64_t swept_rows = 0;                    // [metric]
  uint64_t published_bytes = 0;               // [metric]

  struct PoisonRow {
    std::string schema;
    std::string id;
    std::string topic;
    std::string reason;
    absl::Time at;
  };
  uint64_t poison_rows = 0;              // [metric] errored=1 in all schemas, when last asked
  std::vector<PoisonRow> recent_poison;  // the newest first, at most 20

  struct Sweep {
    bool running = false;
    std::string reason;  // of the running or the last one
    uint64_t pending_rows = 0;
    absl::Time last_finished = absl::InfinitePast();
    uint64_t last_found_rows = 0;
  } sweep;

  struct Cleanup {
    bool enabled = true;
    absl::Duration retention = absl::ZeroDuration();
    uint64_t ledger_rows = 0;   // [metric] published, not yet deleted
    uint64_t deleted_rows = 0;  // [metric] since the start of the process
    absl::Time last_pass = absl::InfinitePast();
    std::optional<Problem> problem;
  } cleanup;
};

// Threads whose steps are watched: a wait of theirs never lasts longer than a
// second, a statement never longer than its timeout.
enum class RelayThread { kStream, kAck, kSql };
inline constexpr size_t kRelayThreads = 3;
absl::string_view RelayThreadName(RelayThread thread);

// The one place where the running relay says how it is. Any thread.
class StatusBoard {
 public:
  StatusBoard() = default;
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;

  // Under the lock: set fields, nothing slow.
  void Update(absl::FunctionRef<void(RelayStatus&)> change);
  RelayStatus Snapshot() const;

  // "This thread made a step." Lock-free, for every turn of a loop. A thread
  // that never beat, or that ended with End(), is not watched.
  void Beat(RelayThread thread);
  void End(RelayThread thread);

  // Names of the threads whose last beat is older than `limit`.
  std::vector<std::string> Stuck(absl::Duration limit) const;

 private:
  mutable absl::Mutex mutex_;
  RelayStatus status_ ABSL_GUARDED_BY(mutex_);
  // Nanoseconds of the steady clock at the last beat; 0 = not watched.
  std::array<std::atomic<int64_t>, kRelayThreads> beats_{};
};

}  // namespace relay

#endif  // RELAY_STATUS_RELAY_STATUS_H_
