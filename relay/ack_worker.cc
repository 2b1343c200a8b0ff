// SPDX-License-Identifier: Apache-2.0
#include "relay/ack_worker.h"

#include <utility>

#include "relay/base/status_macros.h"
#include "relay/status/logging.h"

namespace relay {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(20);
// A session used so lately is taken to be alive.
constexpr absl::Duration kFreshFor = absl::Seconds(5);

}  // namespace

absl::Status AckWorker::Run(const absl::Notification* finish) {
  absl::Status status;
  while (!finish->HasBeenNotified()) {
    parts_.board->Beat(RelayThread::kAck);
    parts_.delivery->Poll(kPoll);
    if (!SaveDue()) continue;
    status = Save();
    if (absl::IsAborted(status) || absl::IsFailedPrecondition(status)) break;
  }
  parts_.board->End(RelayThread::kAck);
  if (absl::IsAborted(status) || absl::IsFailedPrecondition(status)) return status;
  // Reports that came in the meantime.
  while (parts_.delivery->Poll(absl::ZeroDuration()) > 0) {
  }
  // Not tried for long: a database that is away must not hold up the shutdown; what is not saved is repeated.
  for (int attempt = 0; attempt < 3; ++attempt) {
    status = TrySave();
    if (status.ok() || absl::IsAborted(status)) break;
  }
  return status;
}

bool AckWorker::SaveDue() const {
  // Before there is a plan, the mark does not say what it covers.
  if (!parts_.state->planned()) return false;
  const absl::Duration now = parts_.clock->Monotonic();
  if (now < next_try_ || now - last_save_ < options_.interval) return false;
  const AckTracker::Progress progress = parts_.tracker->progress();
  if (progress.row_steps != saved_row_steps_ || parts_.state->version() != saved_version_ ||
      parts_.sweeps->version() != saved_sweeps_version_) {
    return true;
  }
  return progress.foreign_steps > saved_foreign_steps_ + 1 && now - last_save_ >= options_.foreign_interval;
}

absl::Status AckWorker::Save() {
  const absl::Status status = TrySave();
  if (status.ok()) {
    backoff_.Reset();
    return status;
  }
  // The server may have become a read-only one under the open connection: the next try looks for the primary.
  session_.reset();
  parts_.metrics->checkpoint_failures.Add();
  parts_.board->Update([&](RelayStatus& board) {
    board.checkpoint.problem = RelayStatus::Problem{parts_.clock->Now(), std::string(status.message())};
  });
  LogEvent(LogLevel::kError, LogCode::kCheckpointFailed, status.message(), {{"where", parts_.store->Where()}});
  next_try_ = parts_.clock->Monotonic() + backoff_.Next();
  return status;
}

absl::Status AckWorker::TrySave() {
  if (!parts_.state->planned()) return absl::OkStatus();
  // A server that restarted, or closes idle sessions (wait_timeout), is no failed save.
  if (session_ != nullptr && session_->alive() && parts_.clock->Monotonic() - last_save_ > kFreshFor &&
      !session_->QueryValue("SELECT 1").ok()) {
    session_.reset();
  }
  if (parts_.connector != nullptr && (session_ == nullptr || !session_->alive())) {
    session_.reset();
    ASSIGN_OR_RETURN(session_, parts_.connector->Connect());
  }
  // The mark first, then the delta: an id beyond the mark is harmless, one that is missing would never be deleted.
  const AckTracker::Progress progress = parts_.tracker->progress();
  const uint64_t version = parts_.state->version();
  const uint64_t sweeps_version = parts_.sweeps->version();
  Checkpoint checkpoint = parts_.state->CheckpointAt(parts_.tracker->low_water());
  if (!checkpoint.has_position()) return absl::OkStatus();
  // Behind the mark too: a sweep is asked for before the mark passes what it is asked for.
  checkpoint.sweep_wanted = parts_.sweeps->wanted();
  checkpoint.swept_at = parts_.sweeps->swept_at();
  const std::string server = parts_.state->server();
  if (!saved_server_.empty() && server != saved_server_) {
    // A failover may have lost what was saved last: nothing is taken to be stored.
    parts_.ledger->SaveAnew();
    parts_.store->ForgetStored();
  }
  LedgerDelta delta = parts_.ledger->TakeDelta();
  absl::Status status = parts_.store->Save(session_.get(), checkpoint, delta);
  if (!status.ok()) {
    parts_.ledger->PutBack(std::move(delta));
    return status;
  }
  const absl::Time now = parts_.clock->Now();
  last_save_ = parts_.clock->Monotonic();
  saved_row_steps_ = progress.row_steps;
  saved_foreign_steps_ = progress.foreign_steps;
  saved_version_ = version;
  saved_sweeps_version_ = sweeps_version;
  saved_server_ = server;
  parts_.metrics->checkpoint_saves.Add();
  LogEvent(LogLevel::kDebug, LogCode::kCheckpointSaved, checkpoint.position.ToString());
  parts_.board->Update([&](RelayStatus& board) {
    board.checkpoint.present = true;
    board.checkpoint.saved = now;
    board.checkpoint.position = checkpoint.position.ToString();
    board.checkpoint.gtids = checkpoint.gtids.ToString();
    board.checkpoint.problem.reset();
  });
  return absl::OkStatus();
}

}  // namespace relay
