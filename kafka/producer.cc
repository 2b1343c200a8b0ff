// SPDX-License-Identifier: Apache-2.0

#include "kafka/producer.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/debugging/leak_check.h"
#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "kafka/connection_trouble.h"
#include "kafka/delivery_tag.h"
#include "kafka/topic.h"

namespace kafka {
namespace {

// What librdkafka allocates beside a record's own bytes, rounded up.
constexpr size_t kRecordOverhead = 288;
constexpr size_t kHeadersOverhead = 192;
constexpr size_t kHeaderOverhead = 96;

// Events that one Poll hands over at most, so that it returns in time.
constexpr int kEventsPerPoll = 256;

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};
struct EventDeleter {
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
struct ErrorDeleter {
  void operator()(rd_kafka_error_t* error) const { rd_kafka_error_destroy(error); }
};
struct MetadataDeleter {
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
};
using ConfPtr = std::unique_ptr<rd_kafka_conf_t, ConfDeleter>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, EventDeleter>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, ErrorDeleter>;
using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, MetadataDeleter>;

int Milliseconds(absl::Duration duration) {
  const int64_t milliseconds = absl::ToInt64Milliseconds(duration + absl::Microseconds(999));
  return static_cast<int>(std::clamp<int64_t>(milliseconds, 0, 1 << 30));
}

size_t QueuedBytes(const Record& record) {
  size_t bytes = kRecordOverhead;
  if (record.key.has_value()) bytes += record.key->size();
  if (record.value.has_value()) bytes += record.value->size();
  if (!record.headers.empty()) bytes += kHeadersOverhead;
  for (const Header& header : record.headers) {
    bytes += kHeaderOverhead + header.name.size();
    if (header.value.has_value()) bytes += header.value->size();
  }
  return bytes;
}

// The same sum, of a record that comes back.
size_t QueuedBytes(const rd_kafka_message_t& message) {
  size_t bytes = kRecordOverhead + message.len + message.key_len;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return bytes;
  }
  bytes += kHeadersOverhead;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t value_size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &value_size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       ++i) {
    bytes += kHeaderOverhead + absl::string_view(name).size() + value_size;
  }
  return bytes;
}

absl::Status SetProperty(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char text[512] = "";
  switch (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof(text))) {
    case RD_KAFKA_CONF_OK:
      return absl::OkStatus();
    case RD_KAFKA_CONF_UNKNOWN:
      return absl::InvalidArgumentError(
          absl::StrCat("Kafka property ", name, " is unknown to librdkafka ", rd_kafka_version_str()));
    case RD_KAFKA_CONF_INVALID:
      break;
  }
  return absl::InvalidArgumentError(IsSecretProperty(name)
                                        ? absl::StrCat("librdkafka refuses the value of Kafka property ", name)
                                        : absl::StrCat("Kafka property ", name, ": ", text));
}

std::string BrokersOf(const std::vector<Property>& properties) {
  for (const auto& [name, value] : properties) {
    if (name == "bootstrap.servers") return value;
  }
  return "";
}

// The pointer that librdkafka wants may not be null where the value is empty
// but there.
void* NonNull(absl::string_view bytes) { return const_cast<char*>(bytes.data() == nullptr ? "" : bytes.data()); }

}  // namespace

// Everything that librdkafka's threads may touch, so that it can be left to
// them if they do not end.
struct Producer::Instance {
  explicit Instance(const ProducerOptions& given) : options(given), trouble(BrokersOf(given.properties)) {}

  const ProducerOptions options;
  size_t max_record_bytes = 0;  // message.max.bytes
  size_t batch_bytes = 0;       // batch.size
  rd_kafka_t* rk = nullptr;
  rd_kafka_queue_t* reports = nullptr;

  absl::Mutex topics_mutex;
  absl::flat_hash_map<std::string, std::unique_ptr<Topic>> topics ABSL_GUARDED_BY(topics_mutex);
  Topic* last_topic = nullptr;  // Stream thread's.

  std::atomic<uint64_t> highest_sequence{0};
  std::atomic<size_t> queued_records{0};
  std::atomic<size_t> queued_bytes{0};
  absl::Mutex room_mutex;
  absl::CondVar room;
  std::atomic<bool> waiting_for_room{false};

  ConnectionTrouble trouble;

  absl::Status Start();
  absl::StatusOr<Topic*> TopicNamed(absl::string_view name);
  bool HasRoomFor(size_t bytes) const;
  void Release(size_t records, size_t bytes);
  int Report(rd_kafka_event_t* event, absl::FunctionRef<void(const DeliveryReport&)> handle);
  absl::Status Enqueue(Topic* topic, const Record& record);
  absl::Status Refused(rd_kafka_resp_err_t code, const Topic& topic, const Record& record) const;
  absl::Status FatalError() const;
  void RenewCredentials() const;

  static void Log(const rd_kafka_t* rk, int severity, const char* facility, const char* message);
  static rd_kafka_resp_err_t OnNew(rd_kafka_t* rk, const rd_kafka_conf_t* conf, void* opaque, char* error,
                                   size_t error_size);
  static rd_kafka_resp_err_t OnAcknowledgement(rd_kafka_t* rk, rd_kafka_message_t* message, void* opaque);
};

absl::Status Producer::Instance::Start() {
  ConfPtr conf(rd_kafka_conf_new());
  const auto set = [&conf](const std::string& name, const std::string& value) {
    return SetProperty(conf.get(), name, value);
  };
  for (const Property& property : options.properties) {
    const absl::Status status = set(property.first, property.second);
    if (!status.ok()) return status;
  }
  if (options.batch_bytes > 0) {
    const absl::Status status = set("batch.size", absl::StrCat(options.batch_bytes));
    if (!status.ok()) return status;
  }
  const auto get = [&conf](const char* name) -> size_t {
    char text[64] = "";
    size_t size = sizeof(text);
    size_t value = 0;
    if (rd_kafka_conf_get(conf.get(), name, text, &size) != RD_KAFKA_CONF_OK) return 0;
    return absl::SimpleAtoi(text, &value) ? value : 0;
  };
  max_record_bytes = get("message.max.bytes");
  batch_bytes = get("batch.size");
  // librdkafka's own bounds count values alone; ours are the tighter ones.
  const size_t limit = std::max(options.max_queued_bytes, max_record_bytes) * 2;
  absl::Status status = set("queue.buffering.max.kbytes", absl::StrCat(std::clamp<size_t>(limit >> 10, 1, 2147483647)));
  if (!status.ok()) return status;
  status = set("queue.buffering.max.messages",
               absl::StrCat(std::clamp<size_t>(options.max_queued_records * 2, 1, 2147483647)));
  if (!status.ok()) return status;

  rd_kafka_conf_set_opaque(conf.get(), this);
  rd_kafka_conf_set_log_cb(conf.get(), &Instance::Log);
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR);
  rd_kafka_conf_interceptor_add_on_new(conf.get(), "outbox-relay", &Instance::OnNew, nullptr);
  char text[512] = "";
  {
    // Where librdkafka (2.14) refuses what it is given it forgets the interceptors added on the way.
    const absl::LeakCheckDisabler disabler;
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf.get(), text, sizeof(text));
  }
  if (rk == nullptr) {
    // It has also freed the interceptors of the configuration that was copied; to destroy that would free them twice.
    absl::IgnoreLeak(conf.release());
    return absl::InvalidArgumentError(
        absl::StrCat("librdkafka makes no producer of the Kafka properties given: ", text));
  }
  conf.release();  // rd_kafka_new has taken it.
  reports = rd_kafka_queue_get_main(rk);
  return absl::OkStatus();
}

void Producer::Instance::Log(const rd_kafka_t* rk, int severity, const char* facility, const char* message) {
  // That the gapless guarantee counts as experimental is said of every instance; a test holds it to its promise.
  if (rk == nullptr || absl::StrContains(message, "enable.gapless.guarantee is experimental")) return;
  Instance* const instance = static_cast<Instance*>(rd_kafka_opaque(rk));
  instance->trouble.Note(facility, message);
  if (instance->options.log) {
    instance->options.log(severity, facility, message);
  }
}

rd_kafka_resp_err_t Producer::Instance::OnNew(rd_kafka_t* rk, const rd_kafka_conf_t* /*conf*/, void* /*opaque*/,
                                              char* /*error*/, size_t /*error_size*/) {
  return rd_kafka_interceptor_add_on_acknowledgement(rk, "outbox-relay", &Instance::OnAcknowledgement, nullptr);
}

// Runs in librdkafka's thread, before the report is queued and, where the topic
// is at fault, while the topic is locked.
rd_kafka_resp_err_t Producer::Instance::OnAcknowledgement(rd_kafka_t* /*rk*/, rd_kafka_message_t* message,
                                                          void* /*opaque*/) {
  switch (message->err) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__DESTROY:
      break;
    default:
      Topic::Of(message->rkt)->Close(message->err);
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

absl::StatusOr<Topic*> Producer::Instance::TopicNamed(absl::string_view name) {
  absl::MutexLock lock(&topics_mutex);
  const auto found = topics.find(name);
  if (found != topics.end()) return found->second.get();
  if (!LegalTopicName(name)) {
    return FaultStatus(RD_KAFKA_RESP_ERR__INVALID_ARG, absl::StrCat("the topic's name, of ", name.size(),
                                                                    " bytes, is none that Kafka allows: 1 to 249 of "
                                                                    "a-z, A-Z, 0-9, '.', '_' and '-'"));
  }
  absl::StatusOr<std::unique_ptr<Topic>> topic = Topic::Create(rk, name);
  if (!topic.ok()) return topic.status();
  Topic* const made = topic->get();
  topics.emplace(name, *std::move(topic));
  return made;
}

bool Producer::Instance::HasRoomFor(size_t bytes) const {
  const size_t records = queued_records.load(std::memory_order_relaxed);
  return records == 0 || (records < options.max_queued_records &&
                          queued_bytes.load(std::memory_order_relaxed) + bytes <= options.max_queued_bytes);
}

void Producer::Instance::Release(size_t records, size_t bytes) {
  queued_bytes.fetch_sub(bytes);
  queued_records.fetch_sub(records);
  if (waiting_for_room.load()) {
    absl::MutexLock lock(&room_mutex);
    room.SignalAll();
  }
}

absl::Status Producer::Instance::FatalError() const {
  char text[512] = "";
  const rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, text, sizeof(text));
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return absl::OkStatus();
  return FaultStatus(
      RD_KAFKA_RESP_ERR__FATAL,
      absl::StrCat(
          "the Kafka producer instance is dead (", CodeName(code), "): ", text,
          code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ? "; grant IdempotentWrite on the cluster" : ""));
}

void Producer::Instance::RenewCredentials() const {
  if (!options.renew) return;
  const absl::StatusOr<std::vector<Property>> properties = options.renew();
  if (!properties.ok()) {
    if (options.log) options.log(/*severity=*/4, "RENEW", properties.status().message());
    return;
  }
  const std::string* username = nullptr;
  const std::string* password = nullptr;
  for (const auto& [name, value] : *properties) {
    if (name == "sasl.username") username = &value;
    if (name == "sasl.password") password = &value;
  }
  if (username == nullptr || password == nullptr) return;
  // Connections made from now on use them.
  const ErrorPtr error(rd_kafka_sasl_set_credentials(rk, username->c_str(), password->c_str()));
  if (error != nullptr && options.log) options.log(/*severity=*/4, "RENEW", rd_kafka_error_string(error.get()));
}

absl::Status Producer::Instance::Refused(rd_kafka_resp_err_t code, const Topic& topic, const Record& record) const {
  switch (code) {
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
      return absl::ResourceExhaustedError("the Kafka queue is full");
    case RD_KAFKA_RESP_ERR__FATAL:
      return FatalError();
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return FaultStatus(code, absl::StrCat("the record has ", QueuedBytes(record) - kRecordOverhead,
                                            " bytes, more than message.max.bytes=", max_record_bytes,
                                            " (raise it by --kafka-config if topic ", topic.name(), " takes more)"));
    default:
      return FaultStatus(code, absl::StrCat("topic ", topic.name(), ": ", rd_kafka_err2str(code)));
  }
}

absl::Status Producer::Instance::Enqueue(Topic* topic, const Record& record) {
  std::array<rd_kafka_vu_t, 7> arguments;
  size_t count = 0;
  const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
    arguments[count].vtype = type;
    return arguments[count++];
  };
  add(RD_KAFKA_VTYPE_RKT).u.rkt = topic->handle();
  add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
  if (record.value.has_value()) {
    rd_kafka_vu_t& value = add(RD_KAFKA_VTYPE_VALUE);
    value.u.mem.ptr = NonNull(*record.value);
    value.u.mem.size = record.value->size();
  }
  if (record.key.has_value()) {
    rd_kafka_vu_t& key = add(RD_KAFKA_VTYPE_KEY);
    key.u.mem.ptr = NonNull(*record.key);
    key.u.mem.size = record.key->size();
  }
  std::optional<uint32_t> hash;
  if (record.partition_key.has_value()) {
    hash = PartitionHash(options.partitioner, *record.partition_key);
  }
  add(RD_KAFKA_VTYPE_OPAQUE).u.ptr = DeliveryTag(hash, record.sequence).opaque();
  if (record.timestamp.has_value()) {
    add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = absl::ToUnixMillis(*record.timestamp);
  }
  rd_kafka_headers_t* headers = nullptr;
  if (!record.headers.empty()) {
    headers = rd_kafka_headers_new(record.headers.size());
    for (const Header& header : record.headers) {
      rd_kafka_header_add(headers, static_cast<const char*>(NonNull(header.name)),
                          static_cast<ssize_t>(header.name.size()),
                          header.value.has_value() ? NonNull(*header.value) : nullptr,
                          header.value.has_value() ? static_cast<ssize_t>(header.value->size()) : 0);
    }
    add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
  }
  const ErrorPtr error(rd_kafka_produceva(rk, arguments.data(), count));
  if (error == nullptr) return absl::OkStatus();
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  return Refused(rd_kafka_error_code(error.get()), *topic, record);
}

int Producer::Instance::Report(rd_kafka_event_t* event, absl::FunctionRef<void(const DeliveryReport&)> handle) {
  std::array<const rd_kafka_message_t*, 512> messages;
  const uint64_t highest = highest_sequence.load(std::memory_order_acquire);
  int reported = 0;
  while (const size_t count = rd_kafka_event_message_array(event, messages.data(), messages.size())) {
    size_t bytes = 0;
    for (size_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& message = *messages[i];
      bytes += QueuedBytes(message);
      const bool failed = message.err != RD_KAFKA_RESP_ERR_NO_ERROR;
      handle(DeliveryReport{.sequence = DeliveryTag::FromOpaque(message._private).SequenceNear(highest),
                            .topic = Topic::Of(message.rkt)->name(),
                            .partition = message.partition,
                            .offset = failed ? -1 : std::max<int64_t>(message.offset, -1),
                            .fault = FaultOfCode(message.err),
                            .code = message.err,
                            .reason = failed ? absl::string_view(rd_kafka_err2str(message.err)) : absl::string_view()});
    }
    reported += static_cast<int>(count);
    Release(count, bytes);
  }
  return reported;
}

Producer::Producer(std::unique_ptr<Instance> instance) : instance_(std::move(instance)) {}

absl::StatusOr<std::unique_ptr<Producer>> Producer::Create(const ProducerOptions& options) {
  auto instance = std::make_unique<Instance>(options);
  const absl::Status started = instance->Start();
  if (!started.ok()) return started;
  return absl::WrapUnique(new Producer(std::move(instance)));
}

Producer::~Producer() {
  Purge();
  // What is left of reports would be called unsent records by librdkafka.
  while (EventPtr event{rd_kafka_queue_poll(instance_->reports, 0)}) {
  }
  auto done = std::make_shared<absl::Notification>();
  Instance* const instance = instance_.release();
  const absl::Duration timeout = instance->options.destroy_timeout;
  const LogSink log = instance->options.log;
  std::thread destroyer([instance, done] {
    rd_kafka_queue_destroy(instance->reports);
    {
      absl::MutexLock lock(&instance->topics_mutex);
      for (auto& [name, topic] : instance->topics) topic->DropHandle();
    }
    rd_kafka_destroy(instance->rk);
    delete instance;
    done->Notify();
  });
  if (done->WaitForNotificationWithTimeout(timeout)) {
    destroyer.join();
    return;
  }
  destroyer.detach();
  if (log) {
    log(/*severity=*/4, "DESTROY",
        absl::StrCat("librdkafka's threads did not end within ", absl::FormatDuration(timeout),
                     "; the instance is left behind"));
  }
}

absl::Status Producer::Produce(const Record& record) {
  Topic* topic = instance_->last_topic;
  if (topic == nullptr || topic->name() != record.topic) {
    absl::StatusOr<Topic*> found = instance_->TopicNamed(record.topic);
    if (!found.ok()) return found.status();
    topic = instance_->last_topic = *found;
  }
  if (const int code = topic->closed_by(); code != 0) {
    absl::Status fatal = FatalError();
    if (!fatal.ok()) return fatal;
    return FaultStatus(FaultOfCode(code) == Fault::kDestination ? code : RD_KAFKA_RESP_ERR__RETRY,
                       absl::StrCat("topic ", topic->name(),
                                    " is closed until it is "
                                    "reopened: ",
                                    rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code))));
  }
  const size_t bytes = QueuedBytes(record);
  if (!instance_->HasRoomFor(bytes)) {
    return absl::ResourceExhaustedError("the Kafka queue is full");
  }
  if (record.sequence > instance_->highest_sequence.load()) {
    instance_->highest_sequence.store(record.sequence, std::memory_order_release);
  }
  instance_->queued_bytes.fetch_add(bytes);
  instance_->queued_records.fetch_add(1);
  absl::Status status = instance_->Enqueue(topic, record);
  if (!status.ok()) instance_->Release(1, bytes);
  return status;
}

bool Producer::WaitForRoom(absl::Duration timeout) {
  // An eighth of the queue, so that a full one is not waited for once a record.
  const size_t bytes = instance_->options.max_queued_bytes / 8;
  const size_t records = instance_->options.max_queued_records * 7 / 8;
  const auto has_room = [&] { return instance_->HasRoomFor(bytes) && instance_->queued_records.load() <= records; };
  const absl::Time deadline = absl::Now() + timeout;
  absl::MutexLock lock(&instance_->room_mutex);
  instance_->waiting_for_room.store(true);
  while (!has_room()) {
    if (instance_->room.WaitWithDeadline(&instance_->room_mutex, deadline)) {
      break;
    }
  }
  instance_->waiting_for_room.store(false);
  return has_room();
}

int Producer::Poll(absl::Duration timeout, absl::FunctionRef<void(const DeliveryReport&)> handle) {
  int reported = 0;
  int wait = Milliseconds(timeout);
  for (int i = 0; i < kEventsPerPoll; ++i) {
    const EventPtr event(rd_kafka_queue_poll(instance_->reports, wait));
    if (event == nullptr) break;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR) {
      reported += instance_->Report(event.get(), handle);
    }
    // Errors were logged as they happened; fatal ones stay with the instance.
    wait = 0;
  }
  if (reported == 0 && queued_records() > 0 &&
      rd_kafka_fatal_error(instance_->rk, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    // A dead instance purges its queue once; what was in flight then and is to be sent again comes back to the queue
    // later and would lie there for ever.
    rd_kafka_purge(instance_->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
  return reported;
}

absl::Status Producer::Flush(absl::Duration timeout) {
  if (rd_kafka_flush(instance_->rk, Milliseconds(timeout)) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(queued_records(), " records are not acknowledged yet by Kafka"));
}

void Producer::Purge() {
  rd_kafka_purge(instance_->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

size_t Producer::queued_records() const { return instance_->queued_records.load(); }

size_t Producer::queued_bytes() const { return instance_->queued_bytes.load(); }

size_t Producer::batch_bytes() const { return instance_->batch_bytes; }

absl::Status Producer::Reachable(absl::Duration timeout) {
  // One broker of many may refuse while the others answer.
  if (instance_->trouble.TakeRefusal()) instance_->RenewCredentials();
  // Every broker answers one that may not be idempotent, and none takes a record of it.
  if (rd_kafka_fatal_error(instance_->rk, nullptr, 0) == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED) {
    return FatalError();
  }
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(instance_->rk, /*all_topics=*/0, /*only_rkt=*/nullptr, &answer, Milliseconds(timeout));
  const MetadataPtr metadata(answer);
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
    instance_->trouble.Clear();
    return absl::OkStatus();
  }
  return instance_->trouble.Explain(rd_kafka_err2str(code));
}

absl::Status Producer::ProbeTopic(absl::string_view topic, absl::Duration timeout) {
  absl::StatusOr<Topic*> found = instance_->TopicNamed(topic);
  if (!found.ok()) return found.status();
  const rd_kafka_metadata_t* answer = nullptr;
  const rd_kafka_resp_err_t code =
      rd_kafka_metadata(instance_->rk, /*all_topics=*/0, (*found)->handle(), &answer, Milliseconds(timeout));
  const MetadataPtr metadata(answer);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return instance_->trouble.Explain(rd_kafka_err2str(code));
  }
  if (metadata->topic_cnt != 1) {
    return absl::UnavailableError(absl::StrCat("no broker says anything of topic ", topic));
  }
  const rd_kafka_metadata_topic_t& said = metadata->topics[0];
  if (said.err == RD_KAFKA_RESP_ERR_NO_ERROR && said.partition_cnt > 0) {
    return absl::OkStatus();
  }
  const rd_kafka_resp_err_t trouble =
      said.err != RD_KAFKA_RESP_ERR_NO_ERROR ? said.err : RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
  return FaultStatus(trouble, absl::StrCat("topic ", topic, ": ", rd_kafka_err2str(trouble)));
}

void Producer::ReopenTopic(absl::string_view topic) {
  absl::MutexLock lock(&instance_->topics_mutex);
  const auto found = instance_->topics.find(topic);
  if (found != instance_->topics.end()) found->second->Reopen();
}

absl::Status Producer::FatalError() const { return instance_->FatalError(); }

size_t SmallerBatch(size_t batch_bytes) { return std::max<size_t>(batch_bytes / 2, 1024); }

}  // namespace kafka
