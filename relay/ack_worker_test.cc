// SPDX-License-Identifier: Apache-2.0
#include "relay/ack_worker.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "relay/state/layout_history.h"

namespace relay {
namespace {

// Keeps what the last save had.
class FakeStore : public CheckpointStore {
 public:
  absl::StatusOr<LoadedCheckpoint> Load(SqlSession*) override { return LoadedCheckpoint(); }
  absl::Status Save(SqlSession*, const Checkpoint& checkpoint, const LedgerDelta& delta) override {
    server = checkpoint.server_uuid;
    last = delta;
    return absl::OkStatus();
  }
  void ForgetStored() override { ++forgotten; }
  std::string Where() const override { return "here"; }

  std::string server;
  LedgerDelta last;
  int forgotten = 0;
};

class AckWorkerTest : public ::testing::Test {
 protected:
  // A process begins with a checkpoint that was saved on `server`, and the id 7 in its ledger.
  void Load(const std::string& server) {
    Checkpoint checkpoint;
    checkpoint.server_uuid = server;
    OutboxSchema table;
    table.schema = "shop";
    table.table = "kafka_outbox";
    state_.emplace(checkpoint, std::vector<OutboxSchema>{table}, &layouts_, &clock_);
    LedgerPart part{.schema = "shop", .minute = 100, .replace = false, .ids = {}};
    part.ids.Add(7);
    ledger_.Load({part});
    worker_.emplace(AckWorker::Options(),
                    AckWorker::Parts{/*connector=*/nullptr, &store_, &*state_, &tracker_, &ledger_, &sweeps_,
                                     &delivery_, &metrics_, &board_, &clock_});
  }
  // The log is read from this server, and the process ends: its only save.
  void SaveOn(const std::string& server) {
    LowWaterMark mark = Start();
    mark.server = state_->set_server(server, {});
    tracker_.Restart(mark);
    Save();
    ASSERT_EQ(store_.server, server);
  }
  void Save() {
    state_->Planned();
    absl::Notification finish;
    finish.Notify();
    ASSERT_TRUE(worker_->Run(&finish).ok());
  }
  // That the store was told to hold this process's ledger and nothing else.
  bool SavedAnew() const {
    return store_.forgotten == 1 && store_.last.voided == std::vector<std::string>{"shop"} &&
           std::any_of(store_.last.parts.begin(), store_.last.parts.end(),
                       [](const LedgerPart& part) { return part.minute == 100 && part.ids.Contains(7); });
  }

  static LowWaterMark Start() {
    LowWaterMark mark;
    mark.position = {"binlog.000001", 100};
    return mark;
  }

  base::FakeClock clock_;
  LayoutHistory layouts_;
  Metrics metrics_{"test"};
  StatusBoard board_;
  FakeStore store_;
  std::optional<PipelineState> state_;
  AckTracker tracker_{size_t{1} << 20, Start(), [](size_t, absl::Span<const uint64_t>) {}};
  Ledger ledger_{std::vector<std::string>{"shop"}};
  SweepQueue sweeps_{1};
  absl::Notification stop_;
  FaultPolicy policy_{FaultPolicy::Options(), &clock_};
  Delivery delivery_{[](size_t) -> absl::StatusOr<std::unique_ptr<kafka::Producer>> {
                       return absl::UnavailableError("there is none");
                     },
                     &tracker_,
                     &policy_,
                     &metrics_,
                     &board_,
                     [] {},
                     &stop_,
                     &clock_};
  std::optional<AckWorker> worker_;
};

TEST_F(AckWorkerTest, OnTheServerThatWasSavedOnOnlyTheChangeIsSaved) {
  Load("one");
  SaveOn("one");
  EXPECT_EQ(store_.forgotten, 0);
  EXPECT_TRUE(store_.last.empty());
}

TEST_F(AckWorkerTest, AServerThatIsNewAtTheFirstSaveIsGivenEverything) {
  Load("one");
  SaveOn("two");
  EXPECT_TRUE(SavedAnew()) << "its copy of the ledger may be older than what was loaded";
}

TEST_F(AckWorkerTest, ANewServerIsGivenEverythingThoughTheMarkIsStillTheOldOnes) {
  Load("one");
  state_->set_server("two", {});
  Save();
  EXPECT_TRUE(SavedAnew());
  EXPECT_EQ(store_.server, "one") << "the mark's position is the old server's";
}

TEST_F(AckWorkerTest, AServerThatIsNewLaterIsGivenEverything) {
  Load("");
  SaveOn("one");
  EXPECT_EQ(store_.forgotten, 0) << "nothing was stored before";
  SaveOn("two");
  EXPECT_TRUE(SavedAnew());
}

}  // namespace
}  // namespace relay
