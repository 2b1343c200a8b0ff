// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "cdc/live_source.h"
#include "kafka/client_properties.h"
#include "kafka/producer.h"
#include "relay/ack_tracker.h"
#include "relay/ack_worker.h"
#include "relay/base/backoff.h"
#include "relay/base/clock.h"
#include "relay/base/status_macros.h"
#include "relay/checkpoint_store.h"
#include "relay/cleaner.h"
#include "relay/completed_marker.h"
#include "relay/delivery.h"
#include "relay/endpoint_from_config.h"
#include "relay/fault_policy.h"
#include "relay/file_checkpoint_store.h"
#include "relay/finding.h"
#include "relay/history_check.h"
#include "relay/identity_from_config.h"
#include "relay/information_schema_layout.h"
#include "relay/kafka_settings_from_config.h"
#include "relay/kafka_watch.h"
#include "relay/layout_history.h"
#include "relay/ledger.h"
#include "relay/logging.h"
#include "relay/migrate_command.h"
#include "relay/migrations.h"
#include "relay/outbox_decoder.h"
#include "relay/partitioner_choice.h"
#include "relay/pipeline_state.h"
#include "relay/poison_recorder.h"
#include "relay/preconditions.h"
#include "relay/preconditions_from_config.h"
#include "relay/relay_identity.h"
#include "relay/row_sender.h"
#include "relay/sql_checkpoint_store.h"
#include "relay/sql_session.h"
#include "relay/sql_worker.h"
#include "relay/stall_watch.h"
#include "relay/stream_worker.h"
#include "relay/sweep_queue.h"
#include "relay/version.h"

namespace relay {
namespace {

// An ALTER of a large table may take its time.
constexpr absl::Duration kMigrationTimeout = absl::Hours(6);
constexpr absl::Duration kStep = absl::Milliseconds(100);

// What the start learns from the database.
struct Foundation {
  std::vector<OutboxSchema> tables;
  std::string relay_id;
  std::string state_schema;  // Empty with a checkpoint file.
  std::unique_ptr<CheckpointStore> store;
  LoadedCheckpoint loaded;
  bool polling_relay_marks = false;
};

bool WaitingMayHelp(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsUnknown(status);
}

// Calls `attempt` until it succeeds, fails for good, or the stop comes (Cancelled).
absl::Status Persist(const absl::Notification* stop, StatusBoard* board, absl::FunctionRef<absl::Status()> attempt) {
  absl::BitGen random;
  base::Backoff backoff(random);
  for (;;) {
    if (stop->HasBeenNotified()) return absl::CancelledError("stopping");
    const absl::Status status = attempt();
    if (!WaitingMayHelp(status)) return status;
    LogEvent(LogLevel::kWarning, LogCode::kSqlFailed, status.message());
    board->Update([&](RelayStatus& snapshot) {
      snapshot.source.problem = RelayStatus::Problem{absl::Now(), std::string(status.message())};
      // A server has answered: it is not ours to do more.
      if (snapshot.source.reached_once) snapshot.state = RelayState::kWaiting;
    });
    stop->WaitForNotificationWithTimeout(backoff.Next());
  }
}

absl::StatusOr<std::vector<OutboxSchema>> MakeTables(const Config& config, const std::string& state_schema) {
  SqlEndpoint patient = EndpointFromConfig(config.database);
  patient.read_timeout = kMigrationTimeout;
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlSession> session, SqlConnector(patient).Connect());
  MigrationOptions options = MigrationOptionsFromConfig(config);
  options.state_schema = state_schema;
  return Migrate(session.get(), options);
}

absl::Status Prepare(const Config& config, const SqlConnector& connector, const absl::Notification* stop,
                     StatusBoard* board, Foundation* foundation) {
  const SqlEndpoint& endpoint = connector.endpoint();
  const std::vector<Finding> findings = CheckDatabase(endpoint, PreconditionsFromConfig(config), stop);
  if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.grade == Finding::Grade::kOk; })) {
    board->Update([](RelayStatus& status) { status.source.reached_once = true; });
  }
  RETURN_IF_ERROR(FirstFailure(findings));
  ASSIGN_OR_RETURN(const std::unique_ptr<SqlSession> session, connector.Connect());
  absl::BitGen random;
  const RelayIdentityOptions who = IdentityFromConfig(config.database);
  foundation->store.reset();  // An attempt before this one may hold the file's lock.
  const bool file = !config.checkpoint.file.empty();
  foundation->state_schema.clear();
  if (!file) {
    ASSIGN_OR_RETURN(foundation->state_schema, FindStateSchema(session.get(), who));
  }
  ASSIGN_OR_RETURN(foundation->tables, MakeTables(config, foundation->state_schema));
  if (file) {
    ASSIGN_OR_RETURN(foundation->store, OpenFileCheckpointStore(config.checkpoint.file, random));
  } else {
    ASSIGN_OR_RETURN(const RelayIdentity identity, ClaimOutboxTables(session.get(), who, random));
    foundation->store = MakeSqlCheckpointStore(identity);
  }
  ASSIGN_OR_RETURN(foundation->loaded, foundation->store->Load(session.get()));
  foundation->relay_id = foundation->loaded.checkpoint.relay_id;
  foundation->polling_relay_marks = false;
  for (const OutboxSchema& table : foundation->tables) {
    ASSIGN_OR_RETURN(const bool marks, HasPollingRelaysMarks(session.get(), table));
    foundation->polling_relay_marks |= marks;
    ASSIGN_OR_RETURN(const uint64_t claims, CountFreshClaims(session.get(), table));
    if (claims > 0) {
      return absl::UnavailableError(absl::StrCat("a polling relay is at work on ", table.Name(), ": ", claims,
                                                 " rows are claimed and not completed; stop it. Waiting until no claim "
                                                 "is younger than ten minutes, so that no row is sent twice"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<PartitionerDecision> ChooseFor(const Config& config, const Foundation& foundation) {
  PartitionerQuestion question;
  switch (config.record.partitioner) {
    case PartitionerChoice::kAuto:
      break;
    case PartitionerChoice::kMurmur2:
      question.wanted = kafka::Partitioner::kMurmur2;
      break;
    case PartitionerChoice::kFnv1a:
      question.wanted = kafka::Partitioner::kFnv1a;
      break;
    case PartitionerChoice::kCrc32:
      question.wanted = kafka::Partitioner::kCrc32;
      break;
  }
  question.force = config.record.force_partitioner;
  question.stored = foundation.loaded.checkpoint.partitioner;
  question.polling_relay_marks = foundation.polling_relay_marks;
  return ChoosePartitioner(question);
}

// In the upper half, away from the small numbers that people give their servers.
uint32_t ServerIdFrom(const std::string& relay_id) {
  uint32_t hash = 2166136261u;
  for (unsigned char c : relay_id) hash = (hash ^ c) * 16777619u;
  return hash | 0x80000000u;
}

cdc::LiveSourceOptions DumpOptions(const Config& config, const SqlEndpoint& endpoint, const std::string& relay_id) {
  cdc::LiveSourceOptions options;
  options.server.user = endpoint.user;
  options.server.tls = endpoint.tls;
  options.server.connect_timeout = endpoint.connect_timeout;
  options.server.read_timeout = config.binlog.read_timeout;
  options.server_id = config.binlog.server_id != 0 ? config.binlog.server_id : ServerIdFrom(relay_id);
  options.replica_uuid = relay_id;
  options.heartbeat_period = config.binlog.heartbeat_period;
  options.net_write_timeout = config.binlog.net_write_timeout;
  options.checksum = config.binlog.verify_checksum;
  options.report_host = "outbox-relay";
  return options;
}

bool MarksCompleted(const Config& config, const Foundation& foundation) {
  switch (config.cleanup.mark_completed) {
    case MarkCompleted::kOn:
      return true;
    case MarkCompleted::kOff:
      return false;
    case MarkCompleted::kAuto:
      return foundation.polling_relay_marks || !config.cleanup.enabled;
  }
  return false;
}

LowWaterMark MarkOf(const Checkpoint& checkpoint) {
  LowWaterMark mark;
  mark.gtids = checkpoint.gtids;
  mark.position = checkpoint.position;
  mark.open_xa = checkpoint.open_xa;
  return mark;
}

}  // namespace

absl::Status RunRelay(const Config& config, Metrics* metrics, StatusBoard* board,
                      const absl::Notification* outer_stop) {
  const base::Clock* const clock = base::RealClock();
  const SqlEndpoint endpoint = EndpointFromConfig(config.database);
  const SqlConnector connector(endpoint);

  Foundation foundation;
  const absl::Status prepared =
      Persist(outer_stop, board, [&] { return Prepare(config, connector, outer_stop, board, &foundation); });
  if (absl::IsCancelled(prepared)) return absl::OkStatus();
  RETURN_IF_ERROR(prepared);
  board->Update([](RelayStatus& status) {
    status.state = RelayState::kStarting;
    status.source.problem.reset();
  });
  ASSIGN_OR_RETURN(const PartitionerDecision decision, ChooseFor(config, foundation));
  LogEvent(LogLevel::kInfo, LogCode::kPartitionerChosen, decision.reason,
           {{"partitioner", kafka::PartitionerName(decision.partitioner)}});

  // What the threads look at: notified once, below, for whatever reason.
  absl::Notification stop_notification;
  absl::Notification* const stop = &stop_notification;

  Checkpoint& loaded = foundation.loaded.checkpoint;
  std::optional<Checkpoint> reached;
  if (loaded.has_position()) reached = loaded;
  Checkpoint identity = loaded;
  identity.partitioner = std::string(kafka::PartitionerName(decision.partitioner));
  LayoutHistory layouts;
  PipelineState state(identity, foundation.tables, &layouts, clock);
  Ledger ledger(config.database.schemas);
  ledger.Load(std::move(foundation.loaded.ledger));

  std::optional<CompletedMarker> marker;
  if (MarksCompleted(config, foundation)) {
    marker.emplace(&foundation.tables);
    // What was published right before the last process ended may not be marked yet.
    for (size_t table = 0; table < foundation.tables.size(); ++table) marker->AddAll(table, ledger.All(table));
  }
  AckTracker tracker(config.kafka.unacknowledged_bytes, MarkOf(loaded),
                     [&](size_t table, absl::Span<const uint64_t> ids) {
                       ledger.AddAll(table, ids, state.NowForLedger());
                       if (marker.has_value()) marker->Add(table, ids);
                     });

  FaultPolicy::Options policy_options;
  policy_options.publish_attempts = config.poison.publish_attempts;
  policy_options.topic_error_grace = config.poison.topic_error_grace;
  policy_options.hold_topics_for_ever = config.poison.on_topic_error == OnTopicError::kHold;
  policy_options.poison_limit_per_minute = config.poison.limit_per_minute;
  FaultPolicy policy(policy_options, clock);

  SweepQueue sweeps(foundation.tables.size());
  PoisonRecorder recorder(&foundation.tables, config.database.state_schema, foundation.relay_id);

  CleanerOptions cleaner_options;
  cleaner_options.retention = config.cleanup.retention;
  cleaner_options.keep_rows = !config.cleanup.enabled;
  cleaner_options.chunk_rows = config.cleanup.chunk_rows;
  cleaner_options.pause = config.cleanup.pause;
  Cleaner cleaner(cleaner_options, &foundation.tables, &ledger, clock);

  SqlWorker::Options sql_options;
  sql_options.sweep_interval = config.sweep_interval;
  // A short retention is meant to be seen.
  sql_options.cleanup_interval =
      std::clamp(config.cleanup.retention / 4, absl::Seconds(1), sql_options.cleanup_interval);
  SqlWorker sql_worker(sql_options, {&connector, &state, &tracker, &ledger, &policy, &sweeps, &recorder,
                                     marker.has_value() ? &*marker : nullptr, &cleaner, metrics, board, clock, stop});

  const kafka::ClientSettings kafka_settings = KafkaSettingsFromConfig(config.kafka);
  StreamWorker* stream = nullptr;
  Delivery delivery(
      [&](size_t batch_bytes) -> absl::StatusOr<std::unique_ptr<kafka::Producer>> {
        kafka::ProducerOptions options;
        ASSIGN_OR_RETURN(options.properties, kafka::ClientProperties(kafka_settings));
        options.partitioner = decision.partitioner;
        options.max_queued_bytes = config.kafka.queue_bytes;
        options.batch_bytes = batch_bytes;
        options.renew = [kafka_settings] { return kafka::ClientProperties(kafka_settings); };
        options.log = LogLibrdkafka;
        return kafka::Producer::Create(options);
      },
      &tracker, &policy, metrics, board, [&] { stream->Wake(); }, stop, clock);

  OutboxDecoder decoder({.commit_timestamp = config.record.commit_timestamp,
                         .add_id = config.record.add_id,
                         .add_gtid = config.record.add_gtid,
                         .add_commit_time = config.record.add_commit_time});
  RowSender sender(
      {.halt_on_poison = config.poison.on_poison == OnPoison::kHalt}, &decoder, &delivery, metrics,
      [&](PoisonRow row, std::optional<uint64_t> ordinal) { sql_worker.PutPoison(std::move(row), ordinal); });

  StreamWorker::Options stream_options;
  stream_options.outbox_table = config.database.outbox_table;
  stream_options.start = config.start;
  stream_options.reader.memory_limit = config.binlog.transaction_buffer_bytes;
  stream_options.reader.verify_checksums = config.binlog.verify_checksum;
  stream_options.reader.spill_directory = config.binlog.spill_directory;
  stream_options.gtid_header = config.record.add_gtid;
  const cdc::LiveSourceOptions dump_options = DumpOptions(config, endpoint, foundation.relay_id);
  StreamWorker stream_worker(
      stream_options,
      [&](const SqlHost& host, const LowWaterMark& from,
          bool by_gtid) -> absl::StatusOr<std::unique_ptr<cdc::EventSource>> {
        cdc::LiveSourceOptions options = dump_options;
        options.server.host = host.host;
        options.server.port = host.port;
        options.server.unix_socket = host.unix_socket;
        options.server.stop = stop;
        ASSIGN_OR_RETURN(options.server.password, CurrentPassword(endpoint));
        if (by_gtid) {
          options.start = from.gtids;
        } else {
          options.start = from.position;
        }
        return cdc::LiveSource::Connect(options);
      },
      [&](SqlSession* session, const std::string& server) {
        return std::make_unique<InformationSchemaLayout>(
            InformationSchemaLayout::Options{endpoint, config.database.columns, stop}, session, &layouts, server);
      },
      [&](const SqlHost& host, const ServerInfo& server, const Checkpoint& checkpoint) -> absl::StatusOr<HistoryCheck> {
        cdc::LiveSourceOptions options = dump_options;
        options.server.host = host.host;
        options.server.port = host.port;
        options.server.unix_socket = host.unix_socket;
        options.server.stop = stop;
        ASSIGN_OR_RETURN(options.server.password, CurrentPassword(endpoint));
        return CheckHistory(std::move(options), server, checkpoint);
      },
      {&connector, &state, &tracker, &ledger, &delivery, &sender, &sweeps, &layouts, metrics, board, clock, stop},
      std::move(reached));
  stream = &stream_worker;

  AckWorker::Options ack_options;
  ack_options.interval = config.checkpoint.interval;
  AckWorker ack_worker(ack_options, {config.checkpoint.file.empty() ? &connector : nullptr, foundation.store.get(),
                                     &state, &tracker, &ledger, &delivery, metrics, board, clock});

  board->Update([&](RelayStatus& status) {
    status.relay_id = foundation.relay_id;
    status.schemas = config.database.schemas;
    status.outbox_table = config.database.outbox_table;
    status.partitioner = identity.partitioner;
    status.kafka.brokers = absl::StrJoin(config.kafka.addresses, ",");
    status.cleanup.enabled = config.cleanup.enabled;
    status.cleanup.retention = config.cleanup.retention;
    status.checkpoint.present = loaded.has_position();
    status.checkpoint.position = loaded.position.ToString();
    status.checkpoint.gtids = loaded.gtids.ToString();
  });
  metrics->active.Set(1);
  StallWatch stall;
  metrics->OnCollect([&] {
    const AckTracker::Progress progress = tracker.progress();
    metrics->stalled.Set(
        stall.Look(clock->Now(), progress.row_steps + progress.foreign_steps, metrics->source_ahead_bytes.value() > 0));
    uint64_t published = 0;
    for (size_t i = 0; i < state.table_count(); ++i) published += ledger.size(i);
    metrics->ledger_rows.Set(static_cast<double>(published));
    board->Update([&](RelayStatus& status) {
      status.source.low_water_mark = tracker.low_water().position.ToString();
      status.kafka.last_ack = delivery.last_ack();
    });
    metrics->unacknowledged.Set(static_cast<double>(progress.rows_waiting + sweeps.waiting()));
    metrics->lag.Set(progress.oldest_unsettled == absl::InfiniteFuture()
                         ? absl::ZeroDuration()
                         : state.ServerNow() - progress.oldest_unsettled);
  });

  KafkaWatch kafka_watch([&](absl::Duration timeout) { return delivery.Reachable(timeout); },
                         [&] { return delivery.last_ack(); }, board, metrics);
  absl::Notification stream_ended, ack_ended, finish;
  absl::Status stream_status, ack_status;
  std::thread ack_thread([&] {
    ack_status = ack_worker.Run(&finish);
    ack_ended.Notify();
  });
  std::thread sql_thread([&] { sql_worker.Run(); });
  std::thread stream_thread([&] {
    stream_status = stream_worker.Run();
    stream_ended.Notify();
  });

  while (!outer_stop->WaitForNotificationWithTimeout(kStep) && !stream_ended.HasBeenNotified() &&
         !ack_ended.HasBeenNotified()) {
    delivery.AskAboutHeldTopics();
  }
  stop->Notify();
  stream_worker.Wake();
  stream_thread.join();
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopping, "reading has stopped; what is queued is flushed",
           {{"records", tracker.progress().in_flight}});
  board->Update([](RelayStatus& status) { status.state = RelayState::kStopping; });
  if (!delivery.Drain(config.shutdown_timeout)) {
    LogEvent(LogLevel::kWarning, LogCode::kProcessStopping,
             "not everything was acknowledged within --shutdown-timeout; the next start sends it again",
             {{"records", tracker.progress().in_flight}});
  }
  sql_thread.join();
  finish.Notify();
  ack_thread.join();
  sql_worker.MarkTheRest();
  metrics->OnCollect(nullptr);
  metrics->active.Set(0);
  RETURN_IF_ERROR(stream_status);
  return ack_status;
}

}  // namespace relay
