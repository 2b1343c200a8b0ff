// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_SQL_SQL_SESSION_H_
#define RELAY_SQL_SQL_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "relay/sql/sql_endpoint.h"
#include "relay/sql/sql_param.h"

namespace relay {

// A result as the server prints it; nullopt is SQL NULL. Binary columns hold
// their bytes, BIT columns the decimal number.
using SqlRow = std::vector<std::optional<std::string>>;
struct SqlRows {
  std::vector<std::string> columns;
  std::vector<SqlRow> rows;
};

// One cell of a row that is being read; valid until the callback returns.
using SqlCells = absl::Span<const std::optional<std::string>>;

// One connection for statements (not for the dump): autocommit on, utf8mb4,
// READ COMMITTED (unless binlog_format is STATEMENT), a fixed sql_mode. Its time zone is the server's own, since
// NOW() in the polling relay's columns was (UTC_TIMESTAMP() for ours). What it
// writes is logged as any other session's statements are.
//
// One thread uses it at a time. Every call ends within the endpoint's
// read_timeout after the server's last byte: a dead server costs that much.
//
// Errors, here and in SqlConnector (the code decides what to do; the message
// names the cure):
//   Unavailable         lost, refused, shutting down, deadlock, lock wait,
//                       read-only server: try again. The session is unusable
//                       when `alive()` turned false.
//   Unauthenticated     user or password refused
//   PermissionDenied    a privilege is missing
//   NotFound            schema or table
//   AlreadyExists       table, column, index or key value
//   InvalidArgument     a value does not fit its column
//   FailedPrecondition  column missing, TLS trouble, a setting of the server
//   Unknown             everything else
class SqlSession {
 public:
  enum class Flavor { kMysql, kMariadb };

  SqlSession(const SqlSession&) = delete;
  SqlSession& operator=(const SqlSession&) = delete;
  virtual ~SqlSession() = default;

  // A statement without a result. Returns the rows *matched* by an UPDATE
  // (also those that had the value already), affected by anything else. An
  // INSERT … ON DUPLICATE KEY UPDATE counts 1 a new row, 2 a changed one and
  // 1 one that had the values already.
  virtual absl::StatusOr<uint64_t> Execute(absl::string_view sql, absl::Span<const SqlParam> params) = 0;
  absl::StatusOr<uint64_t> Execute(absl::string_view sql) { return Execute(sql, absl::Span<const SqlParam>()); }

  // A statement with a result, held whole in memory.
  virtual absl::StatusOr<SqlRows> Query(absl::string_view sql, absl::Span<const SqlParam> params) = 0;
  absl::StatusOr<SqlRows> Query(absl::string_view sql) { return Query(sql, absl::Span<const SqlParam>()); }

  // Like Query, a row at a time as it comes from the server: for results too
  // large to hold. The session must not be used from within `row`. An error of
  // `row` ends the reading (the rest of the result is thrown away) and is
  // returned. Cells of one row live in a buffer that the next one reuses.
  virtual absl::Status ForEachRow(absl::string_view sql, absl::Span<const SqlParam> params,
                                  absl::FunctionRef<absl::Status(SqlCells)> row) = 0;

  // The first cell of the first row; nullopt for NULL; NotFound when there is
  // no row.
  absl::StatusOr<std::optional<std::string>> QueryValue(
      absl::string_view sql, absl::Span<const SqlParam> params = absl::Span<const SqlParam>());

  // A transaction. A call that fails leaves none open on a live session: call
  // Rollback, or use SqlTransaction, which does.
  virtual absl::Status Begin() = 0;
  virtual absl::Status Commit() = 0;
  virtual absl::Status Rollback() = 0;

  // False once the connection is known to be gone; the session is then good
  // for nothing but destruction.
  virtual bool alive() const = 0;

  virtual Flavor flavor() const = 0;
  // "9.7.4", as the server says it: "10.11.19-MariaDB-…".
  virtual const std::string& server_version() const = 0;
  // 90704, 101119.
  virtual uint32_t server_version_number() const = 0;
  // CONNECTION_ID(), for KILL and for the log.
  virtual uint64_t connection_id() const = 0;
  // The cipher, empty without TLS.
  virtual const std::string& tls_cipher() const = 0;
  // Which of the hosts answered, and where it stands in the list.
  virtual const SqlHost& host() const = 0;
  virtual size_t host_index() const = 0;

 protected:
  SqlSession() = default;
};

// Rolls back when it goes out of scope uncommitted.
class SqlTransaction {
 public:
  static absl::StatusOr<SqlTransaction> Begin(SqlSession* session);
  SqlTransaction(SqlTransaction&& other) noexcept;
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();

  absl::Status Commit();

 private:
  explicit SqlTransaction(SqlSession* session) : session_(session) {}
  SqlSession* session_;  // null once it is over
};

// Makes sessions. Any thread.
class SqlConnector {
 public:
  explicit SqlConnector(SqlEndpoint endpoint);

  // A session to the primary: of several hosts the first that is neither read only nor a replica; one host is taken as
  // it is. Each is tried for at most connect_timeout. Unavailable when no host is a primary; else the error is the one
  // that says most (a refused password rather than a host that does not answer). The password file is read now.
  absl::StatusOr<std::unique_ptr<SqlSession>> Connect() const;

  // A session to the first host that answers, whatever it is: for questions only.
  absl::StatusOr<std::unique_ptr<SqlSession>> ConnectToAny() const;

  // A session to this one of them.
  absl::StatusOr<std::unique_ptr<SqlSession>> ConnectTo(size_t host_index) const;

  const SqlEndpoint& endpoint() const { return endpoint_; }

 private:
  absl::StatusOr<std::unique_ptr<SqlSession>> ConnectToFirst(bool primary) const;

  const SqlEndpoint endpoint_;
};

// Whether the server applies another one's transactions. PermissionDenied without REPLICATION CLIENT (MariaDB: REPLICA
// MONITOR).
absl::StatusOr<bool> IsReplica(SqlSession* session);

// Whether nobody but an administrator may write there.
absl::StatusOr<bool> IsReadOnly(SqlSession* session);

}  // namespace relay

#endif  // RELAY_SQL_SQL_SESSION_H_
