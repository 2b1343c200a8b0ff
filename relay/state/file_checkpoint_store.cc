// SPDX-License-Identifier: Apache-2.0
//
// The file: one JSON object
//
//   {"checkpoint": {…}, "saved_at_micros": N, "ledger": [{"schema": "…", "minute": N, "ids": "base64"}]}
//
// where "checkpoint" is CheckpointToJson's and "ids" IdSet::Serialize's.
#include "relay/state/file_checkpoint_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "nlohmann/json.hpp"
#include "relay/base/status_macros.h"
#include "relay/state/relay_identity.h"

namespace relay {
namespace {

using Json = nlohmann::ordered_json;

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::Status FileError(absl::string_view what, const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("can't ", what, " the checkpoint file ", path, ": ", std::strerror(errno),
                   ": give a path that the relay's user may write to (--checkpoint-file, "
                   "RELAY_CHECKPOINT_FILE)"));
}

absl::Status WriteAll(int fd, absl::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return FileError("write", path);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// Old content or new, whenever the machine stops.
absl::Status ReplaceFile(const std::string& path, absl::string_view content) {
  const std::string temporary = absl::StrCat(path, ".new");
  {
    const FileDescriptor file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) return FileError("create", temporary);
    RETURN_IF_ERROR(WriteAll(file.get(), content, temporary));
    if (fsync(file.get()) != 0) return FileError("write", temporary);
  }
  if (rename(temporary.c_str(), path.c_str()) != 0) return FileError("replace", path);
  const FileDescriptor directory(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return FileError("keep", path);
  return absl::OkStatus();
}

class FileCheckpointStore : public CheckpointStore {
 public:
  FileCheckpointStore(std::string path, std::string new_relay_id, int lock)
      : path_(std::move(path)), new_relay_id_(std::move(new_relay_id)), lock_(lock) {}

  absl::StatusOr<LoadedCheckpoint> Load(SqlSession* session) override;
  absl::Status Save(SqlSession* session, const Checkpoint& checkpoint, const LedgerDelta& delta) override;
  std::string Where() const override { return path_; }

 private:
  absl::Status ReadLedger(const Json& json, LoadedCheckpoint* loaded);
  void Apply(const LedgerDelta& delta);
  absl::Status Damaged(absl::string_view what) const {
    return absl::DataLossError(absl::StrCat("the checkpoint file ", path_, " is damaged: ", what));
  }

  const std::string path_;
  const std::string new_relay_id_;
  const FileDescriptor lock_;
  std::map<std::pair<std::string, LedgerMinute>, IdSet> ledger_;
};

absl::StatusOr<LoadedCheckpoint> FileCheckpointStore::Load(SqlSession*) {
  LoadedCheckpoint loaded;
  ledger_.clear();
  std::ifstream file(path_, std::ios::binary);
  if (!file) {
    if (errno != ENOENT) return FileError("read", path_);
    loaded.checkpoint.relay_id = new_relay_id_;
    return loaded;
  }
  std::ostringstream content;
  content << file.rdbuf();
  const Json json = Json::parse(content.str(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("checkpoint")) return Damaged("it is no checkpoint");
  ASSIGN_OR_RETURN(loaded.checkpoint, CheckpointFromJson(json["checkpoint"].dump()));
  if (json.contains("saved_at_micros") && json["saved_at_micros"].is_number_integer()) {
    loaded.saved_at = absl::FromUnixMicros(json["saved_at_micros"].get<int64_t>());
  }
  RETURN_IF_ERROR(ReadLedger(json, &loaded));
  return loaded;
}

absl::Status FileCheckpointStore::ReadLedger(const Json& json, LoadedCheckpoint* loaded) {
  if (!json.contains("ledger") || !json["ledger"].is_array()) return Damaged("it has no ledger");
  for (const Json& entry : json["ledger"]) {
    std::string bytes;
    if (!entry.is_object() || !entry.contains("schema") || !entry["schema"].is_string() || !entry.contains("minute") ||
        !entry["minute"].is_number_integer() || !entry.contains("ids") || !entry["ids"].is_string() ||
        !absl::Base64Unescape(entry["ids"].get_ref<const std::string&>(), &bytes)) {
      return Damaged("an entry of the ledger is incomplete");
    }
    absl::StatusOr<IdSet> ids = IdSet::Parse(bytes);
    if (!ids.ok()) return Damaged(ids.status().message());
    LedgerPart part{.schema = entry["schema"].get<std::string>(),
                    .minute = entry["minute"].get<LedgerMinute>(),
                    .replace = false,
                    .ids = *std::move(ids)};
    ledger_[{part.schema, part.minute}] = part.ids;
    loaded->ledger.push_back(std::move(part));
  }
  return absl::OkStatus();
}

void FileCheckpointStore::Apply(const LedgerDelta& delta) {
  for (const std::string& schema : delta.voided) {
    for (auto it = ledger_.begin(); it != ledger_.end();) {
      it = it->first.first == schema && it->first.second != kSkippedMinute ? ledger_.erase(it) : std::next(it);
    }
  }
  for (const LedgerPart& part : delta.parts) {
    IdSet& ids = ledger_[{part.schema, part.minute}];
    if (part.replace) ids.Clear();
    ids.UnionWith(part.ids);
    ids.Compress();
    if (ids.empty()) ledger_.erase({part.schema, part.minute});
  }
}

absl::Status FileCheckpointStore::Save(SqlSession*, const Checkpoint& checkpoint, const LedgerDelta& delta) {
  // Should the write fail, the same delta comes again within a later one, and applying it twice changes nothing.
  Apply(delta);
  Json ledger = Json::array();
  for (const auto& [key, ids] : ledger_) {
    ledger.push_back({{"schema", key.first}, {"minute", key.second}, {"ids", absl::Base64Escape(ids.Serialize())}});
  }
  const Json json = {{"checkpoint", Json::parse(CheckpointToJson(checkpoint), nullptr, false)},
                     {"saved_at_micros", absl::ToUnixMicros(absl::Now())},
                     {"ledger", std::move(ledger)}};
  return ReplaceFile(path_, json.dump(1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

absl::Status CheckCheckpointFile(const std::string& path) {
  if (access(FolderOf(path).c_str(), W_OK | X_OK) != 0) return FileError("write", path);
  if (access(path.c_str(), R_OK) != 0 && errno != ENOENT) return FileError("read", path);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<CheckpointStore>> OpenFileCheckpointStore(const std::string& path,
                                                                         absl::BitGenRef random) {
  const std::string lock_path = absl::StrCat(path, ".lock");
  const int lock = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return FileError("create a lock beside", path);
  // The store owns the lock from here on, whatever happens.
  auto store = std::make_unique<FileCheckpointStore>(path, NewRelayId(random), lock);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint file ", path,
                                                      " is in use by another outbox-relay of this host: give each "
                                                      "relay a file of its own (--checkpoint-file, "
                                                      "RELAY_CHECKPOINT_FILE)"));
  }
  return store;
}

}  // namespace relay
