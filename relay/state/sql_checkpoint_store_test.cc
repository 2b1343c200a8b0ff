// SPDX-License-Identifier: Apache-2.0
//
// Against real servers: see testing/sql_servers.h.
#include "relay/state/sql_checkpoint_store.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "relay/state/state_tables.h"
#include "testing/sql_servers.h"

namespace relay {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class SqlCheckpointStoreTest : public testing_servers::SqlServerTest {
 protected:
  RelayIdentityOptions Options() {
    RelayIdentityOptions options;
    options.schemas = {schema()};
    return options;
  }
  RelayIdentity Claim(const RelayIdentityOptions& options) {
    const absl::StatusOr<RelayIdentity> identity = TryClaim(options);
    EXPECT_TRUE(identity.ok()) << identity.status();
    return identity.value_or(RelayIdentity());
  }
  absl::StatusOr<RelayIdentity> TryClaim(const RelayIdentityOptions& options) {
    const absl::StatusOr<std::string> state_schema = FindStateSchema(session(), options);
    if (!state_schema.ok()) return state_schema.status();
    const absl::Status made = EnsureStateTables(session(), *state_schema, options.schemas);
    if (!made.ok()) return made;
    return ClaimOutboxTables(session(), options, random_);
  }
  Checkpoint Sample(const RelayIdentity& identity) {
    Checkpoint checkpoint;
    checkpoint.relay_id = identity.relay_id;
    checkpoint.server_uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562";
    checkpoint.gtids = *cdc::GtidSet::Parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:1-20:abc:1-3");
    checkpoint.position = {"binlog.000007", 5'000'000'000};
    checkpoint.transactions_to_skip = 2;
    checkpoint.last = {*cdc::Gtid::Parse("3e11fa47-71ca-11e1-9e33-c80aa9429562:20"), {"binlog.000007", 99}, 17};
    checkpoint.partitioner = "fnv1a";
    checkpoint.tables.push_back({schema(), "kafka_outbox", "2026-11-24 02:51:25", std::nullopt, {}});
    return checkpoint;
  }

  absl::BitGen random_;
};

INSTANTIATE_TEST_SUITE_P(Servers, SqlCheckpointStoreTest, testing_servers::EachServer(), testing_servers::ServerName);

LedgerPart Part(const std::string& schema, LedgerMinute minute, bool replace, std::initializer_list<uint64_t> ids) {
  LedgerPart part{.schema = schema, .minute = minute, .replace = replace, .ids = {}};
  for (const uint64_t id : ids) part.ids.Add(id);
  return part;
}

TEST_P(SqlCheckpointStoreTest, ANewRelayHasNoPosition) {
  const RelayIdentity identity = Claim(Options());
  EXPECT_EQ(identity.state_schema, schema());
  EXPECT_EQ(identity.claimed, std::vector<std::string>{schema()});
  const absl::StatusOr<LoadedCheckpoint> loaded = MakeSqlCheckpointStore(identity)->Load(session());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_FALSE(loaded->checkpoint.has_position());
  EXPECT_EQ(loaded->checkpoint.relay_id, identity.relay_id);
  EXPECT_FALSE(loaded->saved_at.has_value());
}

TEST_P(SqlCheckpointStoreTest, TheRelayIdIsMadeOnce) {
  const RelayIdentity first = Claim(Options());
  const RelayIdentity second = Claim(Options());
  EXPECT_EQ(first.relay_id, second.relay_id);
  EXPECT_TRUE(second.claimed.empty());
  EXPECT_EQ(FindRelayIdentity(session(), Options())->relay_id, first.relay_id);
}

TEST_P(SqlCheckpointStoreTest, LoadsWhatWasSaved) {
  const RelayIdentity identity = Claim(Options());
  const Checkpoint saved = Sample(identity);
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  LedgerDelta delta;
  delta.parts.push_back(Part(schema(), 10, false, {1, 2}));
  delta.parts.push_back(Part(schema(), kSkippedMinute, true, {~uint64_t{0}}));
  ASSERT_TRUE(store->Save(session(), saved, delta).ok());
  delta = LedgerDelta();
  delta.parts.push_back(Part(schema(), 10, false, {3}));
  delta.parts.push_back(Part(schema(), 11, false, {0x27, 0x5C, 0}));
  ASSERT_TRUE(store->Save(session(), saved, delta).ok());

  store = MakeSqlCheckpointStore(identity);
  const absl::StatusOr<LoadedCheckpoint> loaded = store->Load(session());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(CheckpointToJson(loaded->checkpoint), CheckpointToJson(saved));
  ASSERT_TRUE(loaded->saved_at.has_value());
  EXPECT_LT(absl::AbsDuration(absl::Now() - *loaded->saved_at), absl::Minutes(1));
  Ledger ledger({schema()});
  ledger.Load(loaded->ledger);
  EXPECT_EQ(ledger.All(0).Smallest(9), (std::vector<uint64_t>{0, 1, 2, 3, 0x27, 0x5C}));
  EXPECT_TRUE(ledger.Skipped(0).Contains(~uint64_t{0}));

  delta = LedgerDelta();
  delta.parts.push_back(Part(schema(), 10, true, {2}));
  delta.parts.push_back(Part(schema(), 11, true, {}));
  ASSERT_TRUE(store->Save(session(), saved, delta).ok());
  Ledger fewer({schema()});
  fewer.Load(store->Load(session())->ledger);
  EXPECT_EQ(fewer.All(0).Smallest(9), (std::vector<uint64_t>{2}));

  delta = LedgerDelta();
  delta.voided.push_back(schema());
  delta.parts.push_back(Part(schema(), 12, false, {7}));
  ASSERT_TRUE(store->Save(session(), saved, delta).ok());
  Ledger voided({schema()});
  voided.Load(store->Load(session())->ledger);
  EXPECT_EQ(voided.All(0).Smallest(9), (std::vector<uint64_t>{7}));
  EXPECT_TRUE(voided.Skipped(0).Contains(~uint64_t{0}));
}

TEST_P(SqlCheckpointStoreTest, ALargeLedgerIsSavedInSeveralStatements) {
  const RelayIdentity identity = Claim(Options());
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  LedgerDelta delta;
  for (LedgerMinute minute = 1; minute <= 20; ++minute) {
    LedgerPart part = Part(schema(), minute, false, {});
    for (uint64_t i = 0; i < 20000; ++i) part.ids.Add(minute * 10'000'000 + i * 7);
    delta.parts.push_back(std::move(part));
  }
  const absl::Status saved = store->Save(session(), Sample(identity), delta);
  ASSERT_TRUE(saved.ok()) << saved;
  Ledger ledger({schema()});
  ledger.Load(store->Load(session())->ledger);
  EXPECT_EQ(ledger.size(0), 400'000);
}

TEST_P(SqlCheckpointStoreTest, NeitherPositionNorLedgerIsSavedWithoutTheOther) {
  const RelayIdentity identity = Claim(Options());
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  LedgerDelta delta;
  delta.parts.push_back(Part(std::string(70, 'x'), 10, false, {1}));  // No schema has so long a name.
  EXPECT_FALSE(store->Save(session(), Sample(identity), delta).ok());
  const absl::StatusOr<LoadedCheckpoint> loaded = store->Load(session());
  ASSERT_TRUE(loaded.ok());
  EXPECT_FALSE(loaded->checkpoint.has_position());
  EXPECT_TRUE(loaded->ledger.empty());
}

TEST_P(SqlCheckpointStoreTest, WritesTheDetailsOnlyWhenTheyChange) {
  const RelayIdentity identity = Claim(Options());
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  Checkpoint checkpoint = Sample(identity);
  ASSERT_TRUE(store->Save(session(), checkpoint, {}).ok());
  Run(absl::StrCat("UPDATE ", kCheckpointTable, " SET details = 'touched'"));
  checkpoint.position.offset += 10;
  ASSERT_TRUE(store->Save(session(), checkpoint, {}).ok());
  EXPECT_EQ(Select(absl::StrCat("SELECT details FROM ", kCheckpointTable)), "touched");
  checkpoint.partitioner = "crc32";
  ASSERT_TRUE(store->Save(session(), checkpoint, {}).ok());
  EXPECT_EQ(Select(absl::StrCat("SELECT details FROM ", kCheckpointTable)), CheckpointDetails(checkpoint));
}

TEST_P(SqlCheckpointStoreTest, ASaveOfAnEarlierEpochIsRefused) {
  const RelayIdentity identity = Claim(Options());
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  Run(absl::StrCat("UPDATE ", kCheckpointTable, " SET epoch = 4"));
  EXPECT_EQ(store->Save(session(), Sample(identity), {}).code(), absl::StatusCode::kAborted);
  Run(absl::StrCat("DELETE FROM ", kCheckpointTable));
  EXPECT_EQ(store->Save(session(), Sample(identity), {}).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(store->Load(session()).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(SqlCheckpointStoreTest, RefusesANewerFormat) {
  const RelayIdentity identity = Claim(Options());
  Run(absl::StrCat("UPDATE ", kCheckpointTable, " SET format = 99"));
  const absl::Status status = MakeSqlCheckpointStore(identity)->Load(session()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(status.message(), HasSubstr("newer"));
}

TEST_P(SqlCheckpointStoreTest, ASecondRelayWithAnOverlappingSchemaIsRefusedByName) {
  const std::string a = schema(), b = schema() + "_b", c = schema() + "_c";
  Run(absl::StrCat("CREATE DATABASE ", b));
  Run(absl::StrCat("CREATE DATABASE ", c));
  RelayIdentityOptions first = Options();
  first.schemas = {a, b};
  const RelayIdentity identity = Claim(first);
  std::unique_ptr<CheckpointStore> store = MakeSqlCheckpointStore(identity);
  ASSERT_TRUE(store->Load(session()).ok());
  Checkpoint checkpoint = Sample(identity);
  checkpoint.tables.push_back({b, "kafka_outbox", "", std::nullopt, {}});
  ASSERT_TRUE(store->Save(session(), checkpoint, {}).ok());

  RelayIdentityOptions second = Options();
  second.schemas = {b, c};
  const absl::Status refused = TryClaim(second).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr(identity.relay_id), HasSubstr("`" + b + "`"), HasSubstr("`" + a + "`"),
                                       HasSubstr("DELETE FROM")));

  // Another table of the same schema may be another relay's.
  second.schemas = {b};
  second.outbox_table = "orders_outbox";
  EXPECT_NE(Claim(second).relay_id, identity.relay_id);

  // What the message says to do when it is the same relay.
  Run(absl::StrCat("DELETE FROM `", a, "`.", kOwnerTable, " WHERE table_name='kafka_outbox'"));
  second.outbox_table = "kafka_outbox";
  second.schemas = {b, c};
  const RelayIdentity shrunk = Claim(second);
  EXPECT_EQ(shrunk.relay_id, identity.relay_id);
  EXPECT_EQ(shrunk.state_schema, a);
  EXPECT_EQ(shrunk.claimed, std::vector<std::string>{c});
}

TEST_P(SqlCheckpointStoreTest, SchemasOfTwoRelaysAreRefused) {
  const std::string a = schema(), b = schema() + "_b";
  Run(absl::StrCat("CREATE DATABASE ", b));
  RelayIdentityOptions options = Options();
  Claim(options);
  options.schemas = {b};
  Claim(options);
  options.schemas = {a, b};
  const absl::Status refused = TryClaim(options).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("two relays"));
}

TEST_P(SqlCheckpointStoreTest, TheStateSchemaIsRememberedAndNotChangedSilently) {
  const std::string state = schema() + "_state", b = schema() + "_b";
  Run(absl::StrCat("CREATE DATABASE ", state));
  Run(absl::StrCat("CREATE DATABASE ", b));
  RelayIdentityOptions options = Options();
  options.state_schema = state;
  const RelayIdentity identity = Claim(options);
  EXPECT_EQ(identity.state_schema, state);
  options.state_schema.clear();
  options.schemas = {b, schema()};
  EXPECT_EQ(Claim(options).state_schema, state);
  options.state_schema = b;
  EXPECT_EQ(TryClaim(options).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(SqlCheckpointStoreTest, WithoutAnOwnerThereIsNoIdentity) {
  EXPECT_EQ(FindRelayIdentity(session(), Options()).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(SqlCheckpointStoreTest, AUserWithoutCreateNeedsTheTablesMadeForIt) {
  const std::string user = schema() + "_u";
  Run(absl::StrCat("CREATE USER '", user, "'@'%' IDENTIFIED BY 'pw'"));
  Run(absl::StrCat("GRANT SELECT, INSERT, UPDATE, DELETE ON ", schema(), ".* TO '", user, "'@'%'"));
  std::unique_ptr<SqlSession> poor = ConnectAs(user, "pw");
  ASSERT_NE(poor, nullptr);
  const absl::Status refused = EnsureStateTables(poor.get(), schema(), {schema()});
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), AllOf(HasSubstr("Grant CREATE"), HasSubstr("migrate --print")));
  for (const std::string& statement : StateSchemaStatements(schema())) Run(statement);
  for (const std::string& statement : OutboxSchemaStatements(schema())) Run(statement);
  EXPECT_TRUE(EnsureStateTables(poor.get(), schema(), {schema()}).ok());
  EXPECT_TRUE(ClaimOutboxTables(poor.get(), Options(), random_).ok());
  Run(absl::StrCat("DROP USER '", user, "'@'%'"));
}

}  // namespace
}  // namespace relay
