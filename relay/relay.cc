// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "cdc/source/live_source.h"
#include "kafka/client_properties.h"
#include "kafka/producer.h"
#include "relay/ack_worker.h"
#include "relay/base/clock.h"
#include "relay/base/status_macros.h"
#include "relay/cleanup/cleaner.h"
#include "relay/cleanup/completed_marker.h"
#include "relay/config/version.h"
#include "relay/delivery/ack_tracker.h"
#include "relay/delivery/delivery.h"
#include "relay/delivery/fault_policy.h"
#include "relay/delivery/pipeline_state.h"
#include "relay/delivery/poison_recorder.h"
#include "relay/delivery/row_sender.h"
#include "relay/delivery/sweep_queue.h"
#include "relay/delivery/table_publisher.h"
#include "relay/foundation.h"
#include "relay/http/kafka_watch.h"
#include "relay/outbox/outbox_decoder.h"
#include "relay/sql/dump_identity.h"
#include "relay/sql/primary_finder.h"
#include "relay/sql/server_info.h"
#include "relay/sql/sql_session.h"
#include "relay/sql_worker.h"
#include "relay/startup/endpoint_from_config.h"
#include "relay/startup/kafka_settings_from_config.h"
#include "relay/state/layout_history.h"
#include "relay/state/ledger.h"
#include "relay/state/partitioner_choice.h"
#include "relay/status/logging.h"
#include "relay/status/stall_watch.h"
#include "relay/stream/commit_barrier.h"
#include "relay/stream/history_check.h"
#include "relay/stream/information_schema_layout.h"
#include "relay/stream/start_planner.h"
#include "relay/stream/transaction_handler.h"
#include "relay/stream_worker.h"

namespace relay {
namespace {

constexpr absl::Duration kStep = absl::Milliseconds(100);
constexpr absl::Duration kShortStep = absl::Milliseconds(10);

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

cdc::LiveSourceOptions DumpOptions(const Config& config, const SqlEndpoint& endpoint, const std::string& relay_id) {
  cdc::LiveSourceOptions options;
  options.server.user = endpoint.user;
  options.server.tls = endpoint.tls;
  options.server.connect_timeout = endpoint.connect_timeout;
  options.server.read_timeout = config.binlog.read_timeout;
  options.replica_uuid = relay_id;
  options.heartbeat_period = config.binlog.heartbeat_period;
  options.net_write_timeout = config.binlog.net_write_timeout;
  options.checksum = config.binlog.verify_checksum;
  options.report_host = ReportedHost(relay_id);
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

FaultPolicy::Options PolicyOptions(const Config& config) {
  FaultPolicy::Options options;
  options.publish_attempts = config.poison.publish_attempts;
  options.topic_error_grace = config.poison.topic_error_grace;
  options.hold_topics_for_ever = config.poison.on_topic_error == OnTopicError::kHold;
  options.poison_limit_per_minute = config.poison.limit_per_minute;
  return options;
}

CleanerOptions CleanupOptions(const Config& config) {
  CleanerOptions options;
  options.retention = config.cleanup.retention;
  options.keep_rows = !config.cleanup.enabled;
  options.chunk_rows = config.cleanup.chunk_rows;
  options.pause = config.cleanup.pause;
  return options;
}

// How long a stop lets the stream go on to the log's end, for what it published to be marked.
absl::Duration EndPatience(const Config& config) { return std::min(absl::Seconds(1), config.shutdown_timeout / 4); }

SqlWorker::Options SqlWorkerOptions(const Config& config) {
  SqlWorker::Options options;
  options.sweep.interval = config.sweep_interval;
  // A short retention is meant to be seen.
  options.cleanup.interval = std::clamp(config.cleanup.retention / 4, absl::Seconds(1), options.cleanup.interval);
  options.end_patience = EndPatience(config);
  return options;
}

StreamWorker::Options StreamOptions(const Config& config) {
  StreamWorker::Options options;
  options.start = config.start;
  options.reader.memory_limit = config.binlog.transaction_buffer_bytes;
  options.reader.verify_checksums = config.binlog.verify_checksum;
  options.reader.spill_directory = config.binlog.spill_directory;
  return options;
}

std::optional<Checkpoint> Reached(const Checkpoint& loaded) {
  if (!loaded.has_position()) return std::nullopt;
  return loaded;
}

Checkpoint IdentityOf(const Foundation& foundation, kafka::Partitioner partitioner) {
  Checkpoint identity = foundation.loaded.checkpoint;
  identity.partitioner = std::string(kafka::PartitionerName(partitioner));
  identity.polling_relay_marks = foundation.polling_relay_marks;
  return identity;
}

// What the threads work with, and the threads: who is made of what is the order of the members.
class Pipeline {
 public:
  Pipeline(const Config& config, const SqlConnector& connector, Foundation* foundation, kafka::Partitioner partitioner,
           Metrics* metrics, StatusBoard* board);

  // Until `outer_stop` is notified, or a thread ends with an error.
  absl::Status Run(const absl::Notification* outer_stop);

 private:
  CompletedMarker* marker() { return marker_.has_value() ? &*marker_ : nullptr; }
  OutboxSchemaOf SchemaOf() {
    return [this](size_t table) { return state_.table(table); };
  }
  absl::StatusOr<absl::Duration> Barrier(SqlSession* session) const {
    return CommitBarrier(session, foundation_.state_schema, foundation_.relay_id);
  }
  void Published(size_t table, absl::Span<const uint64_t> ids);
  void Poison(PoisonRow row, std::optional<uint64_t> ordinal);
  absl::StatusOr<std::unique_ptr<kafka::Producer>> MakeProducer(size_t batch_bytes) const;
  // For a dump from this host.
  absl::StatusOr<cdc::LiveSourceOptions> DumpFrom(const SqlHost& host) const;
  absl::StatusOr<std::unique_ptr<cdc::EventSource>> OpenDump(SqlSession* session, const LowWaterMark& from,
                                                             bool by_gtid) const;
  void ShowIdentity();
  void ShowProgress();
  // Of each thread: it has nothing left to do.
  struct Ended {
    absl::Notification stream, ack, sql;
  };
  // Stops the SQL worker, and the stream, which goes on for a moment where rows are marked; flushes what was handed
  // over, until `deadline`. The stream's thread is joined.
  void WindDown(std::thread* stream_thread, const Ended& ended, absl::Duration deadline);

  const Config& config_;
  const SqlConnector& connector_;
  const Foundation& foundation_;
  const kafka::Partitioner partitioner_;
  Metrics* const metrics_;
  StatusBoard* const board_;
  const base::Clock* const clock_ = base::RealClock();
  const cdc::LiveSourceOptions dump_options_;
  const kafka::ClientSettings kafka_settings_;

  // Each is notified once, in this order, for whatever reason: the SQL worker begins nothing new;
  absl::Notification sql_stop_;
  // nor does any other thread.
  absl::Notification stop_;
  // Later: what was begun is left as it is.
  absl::Notification give_up_;

  LayoutHistory layouts_;
  PipelineState state_;
  Ledger ledger_;
  std::optional<CompletedMarker> marker_;
  AckTracker tracker_;
  FaultPolicy policy_;
  SweepQueue sweeps_;
  PoisonRecorder recorder_;
  Cleaner cleaner_;
  SqlWorker sql_worker_;
  Delivery delivery_;
  OutboxDecoder decoder_;
  RowSender sender_;
  PrimaryFinder finder_;
  TransactionHandler handler_;
  TablePublisher publisher_;
  StreamWorker stream_worker_;
  AckWorker ack_worker_;
  StallWatch stall_;
};

Pipeline::Pipeline(const Config& config, const SqlConnector& connector, Foundation* foundation,
                   kafka::Partitioner partitioner, Metrics* metrics, StatusBoard* board)
    : config_(config),
      connector_(connector),
      foundation_(*foundation),
      partitioner_(partitioner),
      metrics_(metrics),
      board_(board),
      dump_options_(DumpOptions(config, connector.endpoint(), foundation->relay_id)),
      kafka_settings_(KafkaSettingsFromConfig(config.kafka)),
      state_(IdentityOf(*foundation, partitioner), foundation->tables, &layouts_, clock_),
      ledger_(config.database.schemas),
      tracker_(config.kafka.unacknowledged_bytes, MarkOf(foundation->loaded.checkpoint),
               [this](size_t table, absl::Span<const uint64_t> ids) { Published(table, ids); }),
      policy_(PolicyOptions(config), clock_),
      sweeps_(foundation->tables.size(), foundation->loaded.checkpoint.sweep_wanted,
              foundation->loaded.checkpoint.swept_at),
      recorder_(SchemaOf(), foundation->state_schema.empty() ? config.database.state_schema : foundation->state_schema,
                foundation->relay_id),
      cleaner_(
          CleanupOptions(config), SchemaOf(), &ledger_, clock_,
          [this](SqlSession* session) { return sql_worker_.LogIsRead(session); },
          [this](size_t table) { return sql_worker_.Unmarked(table); }),
      sql_worker_(SqlWorkerOptions(config),
                  {&connector, &state_, &tracker_, &ledger_, &policy_, &sweeps_, &recorder_,
                   MarksCompleted(config, *foundation) ? &marker_.emplace(SchemaOf(), &ledger_) : nullptr, &cleaner_,
                   metrics, board, clock_, &sql_stop_, &stop_, [this](SqlSession* session) { return Barrier(session); },
                   [this] { stream_worker_.Wake(); }}),
      delivery_([this](size_t batch_bytes) { return MakeProducer(batch_bytes); }, &tracker_, &policy_, metrics, board,
                [this] { stream_worker_.Wake(); }, &give_up_, clock_),
      decoder_({.commit_timestamp = config.record.commit_timestamp,
                .add_id = config.record.add_id,
                .add_gtid = config.record.add_gtid,
                .add_commit_time = config.record.add_commit_time}),
      sender_({.halt_on_poison = config.poison.on_poison == OnPoison::kHalt}, &decoder_, &delivery_, metrics,
              [this](PoisonRow row, std::optional<uint64_t> ordinal) { Poison(std::move(row), ordinal); }),
      finder_(&connector, clock_, config.database.failover_grace),
      handler_({.outbox_table = config.database.outbox_table, .gtid_header = config.record.add_gtid},
               {&state_, &tracker_, &ledger_, &delivery_, &policy_, &sender_,
                [this](PoisonRow row, std::optional<uint64_t> ordinal) { Poison(std::move(row), ordinal); }, &sweeps_,
                metrics, board, clock_, &give_up_}),
      publisher_(&state_, &tracker_, &ledger_, &delivery_, &sender_, &sweeps_, metrics, board, &stop_),
      stream_worker_(
          StreamOptions(config),
          [this](SqlSession* session, const LowWaterMark& from, bool by_gtid) {
            return OpenDump(session, from, by_gtid);
          },
          [this](SqlSession* session, const std::string& server) {
            return std::make_unique<InformationSchemaLayout>(
                InformationSchemaLayout::Options{connector_.endpoint(), config_.database.columns, &stop_,
                                                 [this] { board_->Beat(RelayThread::kStream); }},
                session, &layouts_, server);
          },
          [this](const SqlHost& host, const ServerInfo& server,
                 const Checkpoint& checkpoint) -> absl::StatusOr<HistoryCheck> {
            ASSIGN_OR_RETURN(cdc::LiveSourceOptions options, DumpFrom(host));
            return CheckHistory(std::move(options), server, checkpoint);
          },
          [this](SqlSession* session) { return Barrier(session); },
          {&finder_, &handler_, &publisher_, &state_, &tracker_, &ledger_, &delivery_, &sweeps_, &layouts_, metrics,
           board, clock_, &stop_},
          Reached(foundation->loaded.checkpoint)),
      ack_worker_({.interval = config.checkpoint.interval},
                  {config.checkpoint.file.empty() ? &connector : nullptr, foundation->store.get(), &state_, &tracker_,
                   &ledger_, &sweeps_, &delivery_, metrics, board, clock_}) {
  ledger_.Load(std::move(foundation->loaded.ledger));
}

void Pipeline::Published(size_t table, absl::Span<const uint64_t> ids) {
  ledger_.AddAll(table, ids, state_.NowForLedger());
  if (marker_.has_value()) marker_->Add(table, ids);
}

void Pipeline::Poison(PoisonRow row, std::optional<uint64_t> ordinal) {
  // Before it can be recorded.
  if (!ordinal.has_value()) sweeps_.Poisoned(row.schema, row.id);
  sql_worker_.PutPoison(std::move(row), ordinal);
}

absl::StatusOr<std::unique_ptr<kafka::Producer>> Pipeline::MakeProducer(size_t batch_bytes) const {
  kafka::ProducerOptions options;
  ASSIGN_OR_RETURN(options.properties, kafka::ClientProperties(kafka_settings_));
  options.partitioner = partitioner_;
  options.max_queued_bytes = config_.kafka.queue_bytes;
  options.batch_bytes = batch_bytes;
  options.renew = [settings = kafka_settings_] { return kafka::ClientProperties(settings); };
  options.log = LogLibrdkafka;
  return kafka::Producer::Create(options);
}

absl::StatusOr<cdc::LiveSourceOptions> Pipeline::DumpFrom(const SqlHost& host) const {
  cdc::LiveSourceOptions options = dump_options_;
  options.server.host = host.host;
  options.server.port = host.port;
  options.server.unix_socket = host.unix_socket;
  options.server.stop = &stop_;
  ASSIGN_OR_RETURN(options.server.password, CurrentPassword(connector_.endpoint()));
  return options;
}

absl::StatusOr<std::unique_ptr<cdc::EventSource>> Pipeline::OpenDump(SqlSession* session, const LowWaterMark& from,
                                                                     bool by_gtid) const {
  ASSIGN_OR_RETURN(cdc::LiveSourceOptions options, DumpFrom(session->host()));
  const absl::StatusOr<std::vector<RegisteredReader>> readers = AskRegisteredReaders(session);
  // MariaDB keeps the list from a user with no more than the relay needs.
  if (!readers.ok() && !absl::IsPermissionDenied(readers.status())) return readers.status();
  ASSIGN_OR_RETURN(options.server_id,
                   ChooseServerId(config_.binlog.server_id, foundation_.relay_id,
                                  readers.ok() ? absl::MakeConstSpan(*readers) : absl::Span<const RegisteredReader>()));
  if (by_gtid) {
    options.start = from.gtids;
  } else {
    options.start = from.position;
  }
  return cdc::LiveSource::Connect(options);
}

void Pipeline::ShowIdentity() {
  const Checkpoint& loaded = foundation_.loaded.checkpoint;
  board_->Update([&](RelayStatus& status) {
    status.relay_id = foundation_.relay_id;
    status.partitioner = std::string(kafka::PartitionerName(partitioner_));
    status.checkpoint.present = loaded.has_position();
    status.checkpoint.position = loaded.position.ToString();
    status.checkpoint.gtids = loaded.gtids.ToString();
  });
}

void Pipeline::ShowProgress() {
  const AckTracker::Progress progress = tracker_.progress();
  metrics_->stalled.Set(stall_.Look(clock_->Now(), progress.row_steps + progress.foreign_steps,
                                    metrics_->source_ahead_bytes.value() > 0));
  sql_worker_.ShowFigures();
  metrics_->skipped_rows.Set(static_cast<double>(ledger_.total_skipped_size()));
  metrics_->ledger_rows.Set(static_cast<double>(ledger_.total_size()));
  board_->Update([&](RelayStatus& status) {
    status.source.low_water_mark = tracker_.low_water().position.ToString();
    status.kafka.last_ack = delivery_.last_ack();
  });
  metrics_->unacknowledged.Set(static_cast<double>(progress.rows_waiting + sweeps_.waiting()));
  metrics_->lag.Set(progress.oldest_unsettled == absl::InfiniteFuture()
                        ? absl::ZeroDuration()
                        : state_.ServerNow() - progress.oldest_unsettled);
}

void Pipeline::WindDown(std::thread* stream_thread, const Ended& ended, absl::Duration deadline) {
  sql_stop_.Notify();
  // Not longer: a server that does not answer is not to take the time that the flush needs. And not at all when what
  // is read could not be saved.
  if (marker_.has_value() && !ended.stream.HasBeenNotified() && !ended.ack.HasBeenNotified()) {
    ended.sql.WaitForNotificationWithTimeout(EndPatience(config_));
  }
  stop_.Notify();
  stream_worker_.Wake();
  // A transaction that was begun is handed over to its end, or its first rows would be sent again at the next start.
  while (stream_worker_.finishing() && clock_->Monotonic() < deadline &&
         !ended.stream.WaitForNotificationWithTimeout(kShortStep)) {
  }
  give_up_.Notify();
  stream_thread->join();
  LogEvent(LogLevel::kInfo, LogCode::kProcessStopping, "reading has stopped; what is queued is flushed",
           {{"records", tracker_.progress().in_flight}});
  board_->Update([](RelayStatus& status) { status.state = RelayState::kStopping; });
  if (!delivery_.Drain(std::max(absl::ZeroDuration(), deadline - clock_->Monotonic()))) {
    LogEvent(LogLevel::kWarning, LogCode::kProcessStopping,
             "not everything was acknowledged within --shutdown-timeout; the next start sends it again",
             {{"records", tracker_.progress().in_flight}});
  }
}

absl::Status Pipeline::Run(const absl::Notification* outer_stop) {
  ShowIdentity();
  metrics_->OnCollect([this] { ShowProgress(); });

  KafkaWatch kafka_watch([&](absl::Duration timeout) { return delivery_.Reachable(timeout); },
                         [&] { return delivery_.last_ack(); }, board_, metrics_);
  Ended ended;
  absl::Notification finish;
  absl::Status stream_status, ack_status;
  std::thread ack_thread([&] {
    ack_status = ack_worker_.Run(&finish);
    ended.ack.Notify();
  });
  std::thread sql_thread([&] {
    sql_worker_.Run();
    ended.sql.Notify();
  });
  std::thread stream_thread([&] {
    stream_status = stream_worker_.Run();
    ended.stream.Notify();
  });

  while (!outer_stop->WaitForNotificationWithTimeout(kStep) && !ended.stream.HasBeenNotified() &&
         !ended.ack.HasBeenNotified()) {
    delivery_.AskAboutHeldTopics();
  }
  const absl::Duration deadline = clock_->Monotonic() + config_.shutdown_timeout;
  WindDown(&stream_thread, ended, deadline);
  // A server that does not answer is not to keep the last save, which may be a file's.
  if (ended.sql.WaitForNotificationWithTimeout(std::max(absl::ZeroDuration(), deadline - clock_->Monotonic()))) {
    sql_worker_.RecordTheRest();
  }
  finish.Notify();
  ack_thread.join();
  sql_thread.join();
  sql_worker_.MarkTheRest();
  metrics_->OnCollect(nullptr);
  metrics_->active.Set(0);
  RETURN_IF_ERROR(stream_status);
  return ack_status;
}

}  // namespace

absl::Status RunRelay(const Config& config, Metrics* metrics, StatusBoard* board,
                      const absl::Notification* outer_stop) {
  // What is known before any server answers.
  board->Update([&](RelayStatus& status) {
    status.schemas = config.database.schemas;
    status.outbox_table = config.database.outbox_table;
    status.kafka.brokers = absl::StrJoin(config.kafka.addresses, ",");
    status.cleanup.enabled = config.cleanup.enabled;
    status.cleanup.retention = config.cleanup.retention;
  });
  const SqlConnector connector(EndpointFromConfig(config.database));
  absl::StatusOr<Foundation> foundation = LayFoundation(config, connector, outer_stop, board);
  if (absl::IsCancelled(foundation.status())) return absl::OkStatus();
  RETURN_IF_ERROR(foundation.status());
  board->Update([](RelayStatus& status) {
    status.state = RelayState::kStarting;
    status.source.problem.reset();
  });
  ASSIGN_OR_RETURN(const PartitionerDecision decision, ChooseFor(config, *foundation));
  LogEvent(decision.changed ? LogLevel::kWarning : LogLevel::kInfo, LogCode::kPartitionerChosen, decision.reason,
           {{"partitioner", kafka::PartitionerName(decision.partitioner)}});
  Pipeline pipeline(config, connector, &*foundation, decision.partitioner, metrics, board);
  return pipeline.Run(outer_stop);
}

}  // namespace relay
