// SPDX-License-Identifier: Apache-2.0
#include "relay/sql/sql_session.h"

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "cdc/source/client_library.h"
#include "cdc/source/server_error.h"
#include "relay/base/status_macros.h"
#include "relay/config/setting_names.h"

// The edge of MySQL Connector/C++ (1.1, the JDBC-like one, over MariaDB's C
// client): it throws, and nothing of it is seen outside this file. Statements
// go out as text with their params as literals: one round trip instead of a
// prepared statement's three, and results come back as the text that SELECT
// prints. What the connector can't carry itself:
//  * TLS modes: its OPT_SSL_MODE is unknown to this C client, so they are made
//    of sslEnforce (use TLS if the server has it), sslCA (verify the chain) and
//    sslVerify (verify chain and host), and a plaintext connection that came
//    about in spite of kRequired is refused here, before any statement.
//  * Interrupting a statement: only its timeouts end a wait.

namespace relay {
namespace {

using cdc::ServerError;
using cdc::ServerErrorPhase;

// What every statement of ours may rely on, whatever the server's default is:
// backslash escapes (BindParams) and errors instead of truncated values.
constexpr char kSqlMode[] = "SET SESSION sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'";
// The polls and chunks of ours need no gap locks and no old snapshot. Where statements are logged as such InnoDB takes
// no write at this level: there the connector's own REPEATABLE READ stays.
constexpr char kIsolation[] = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

sql::mysql::MySQL_Driver* Driver() {
  // get_driver_instance() is not thread-safe by itself.
  static sql::mysql::MySQL_Driver* const driver = [] {
    cdc::InitClientLibrary();
    return sql::mysql::get_driver_instance();
  }();
  return driver;
}

bool LosesConnection(int number) {
  switch (number) {
    case 1053:  // shutdown
    case 1080:
    case 1152:
    case 1158:
    case 1159:
    case 1160:
    case 1161:
    case 1927:  // connection killed
    case 2006:
    case 2013:
    case 2014:  // commands out of sync
    case 2026:
    case 2027:
    case 2055:
    case 3169:
    case 4031:
      return true;
    default:
      return false;
  }
}

int WholeSeconds(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(duration, absl::Seconds(1)));
  return static_cast<int>(std::min<int64_t>(std::max<int64_t>(seconds, 1), 365 * 24 * 3600));
}

sql::ConnectOptionsMap ConnectOptions(const SqlEndpoint& endpoint, const SqlHost& host, const std::string& password) {
  sql::ConnectOptionsMap options;
  if (!host.unix_socket.empty()) {
    options["hostName"] = sql::SQLString("unix://" + host.unix_socket);
  } else {
    // "tcp://" keeps the client from taking "localhost" for the socket.
    options["hostName"] = sql::SQLString("tcp://" + host.ToString());
  }
  options["userName"] = sql::SQLString(endpoint.user);
  options["password"] = sql::SQLString(password);
  options["CLIENT_FOUND_ROWS"] = true;
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["OPT_RECONNECT"] = false;
  options["OPT_CONNECT_TIMEOUT"] = WholeSeconds(endpoint.connect_timeout);
  options["OPT_READ_TIMEOUT"] = WholeSeconds(endpoint.read_timeout);
  options["OPT_WRITE_TIMEOUT"] = WholeSeconds(endpoint.write_timeout);

  const cdc::TlsOptions& tls = endpoint.tls;
  if (tls.mode == cdc::TlsMode::kDisabled) return options;
  options["sslEnforce"] = true;
  if (!tls.cert_file.empty()) {
    options["sslCert"] = sql::SQLString(tls.cert_file);
    options["sslKey"] = sql::SQLString(tls.key_file);
  }
  const bool verifies = tls.mode == cdc::TlsMode::kVerifyCa || tls.mode == cdc::TlsMode::kVerifyIdentity;
  if (verifies) {
    const cdc::Authorities trusted = cdc::AuthoritiesFor(tls);
    options[trusted.file.empty() ? "sslCAPath" : "sslCA"] =
        sql::SQLString(trusted.file.empty() ? trusted.directory : trusted.file);
  }
  if (tls.mode == cdc::TlsMode::kVerifyIdentity) options["sslVerify"] = true;
  return options;
}

class ConnectorSession : public SqlSession {
 public:
  ConnectorSession(std::unique_ptr<sql::Connection> connection, SqlHost host, size_t host_index)
      : connection_(std::move(connection)), host_(std::move(host)), host_index_(host_index), where_(host_.ToString()) {}

  ~ConnectorSession() override {
    try {
      connection_.reset();
    } catch (const std::exception&) {
      // It is gone either way.
    }
  }

  using SqlSession::Execute;
  using SqlSession::Query;

  absl::StatusOr<uint64_t> Execute(absl::string_view sql, absl::Span<const SqlParam> params) override {
    ASSIGN_OR_RETURN(const std::string bound, BindParams(sql, params));
    uint64_t matched = 0;
    RETURN_IF_ERROR(Guarded(sql, [&] {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      if (statement->execute(bound)) {
        // OPTIMIZE and its like answer with rows; they must be read.
        const std::unique_ptr<sql::ResultSet> rows(statement->getResultSet());
        while (rows->next()) {
        }
      } else {
        matched = statement->getUpdateCount();
      }
      return absl::OkStatus();
    }));
    return matched;
  }

  absl::StatusOr<SqlRows> Query(absl::string_view sql, absl::Span<const SqlParam> params) override {
    ASSIGN_OR_RETURN(const std::string bound, BindParams(sql, params));
    SqlRows result;
    RETURN_IF_ERROR(Guarded(sql, [&] {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(bound));
      sql::ResultSetMetaData* const metadata = rows->getMetaData();
      const unsigned columns = metadata->getColumnCount();
      for (unsigned i = 1; i <= columns; ++i) {
        result.columns.push_back(metadata->getColumnLabel(i).asStdString());
      }
      while (rows->next()) {
        result.rows.emplace_back(columns);
        ReadCells(rows.get(), absl::MakeSpan(result.rows.back()));
      }
      return absl::OkStatus();
    }));
    return result;
  }

  absl::Status ForEachRow(absl::string_view sql, absl::Span<const SqlParam> params,
                          absl::FunctionRef<absl::Status(SqlCells)> row) override {
    ASSIGN_OR_RETURN(const std::string bound, BindParams(sql, params));
    return Guarded(sql, [&] {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      statement->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
      const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(bound));
      SqlRow cells(rows->getMetaData()->getColumnCount());
      while (rows->next()) {
        ReadCells(rows.get(), absl::MakeSpan(cells));
        RETURN_IF_ERROR(row(cells));
      }
      return absl::OkStatus();
    });
  }

  absl::Status Begin() override { return Run("START TRANSACTION"); }
  absl::Status Commit() override { return Run("COMMIT"); }
  absl::Status Rollback() override { return Run("ROLLBACK"); }

  bool alive() const override { return alive_; }
  Flavor flavor() const override { return flavor_; }
  const std::string& server_version() const override { return version_; }
  uint32_t server_version_number() const override { return version_number_; }
  uint64_t connection_id() const override { return connection_id_; }
  const std::string& tls_cipher() const override { return cipher_; }
  const SqlHost& host() const override { return host_; }
  size_t host_index() const override { return host_index_; }

  // Refuses plaintext where TLS was asked for, then sets the session up.
  absl::Status Prepare(cdc::TlsMode tls) {
    ASSIGN_OR_RETURN(const SqlRows cipher, Query("SHOW STATUS LIKE 'Ssl_cipher'"));
    if (!cipher.rows.empty() && cipher.rows[0].size() == 2) {
      cipher_ = cipher.rows[0][1].value_or("");
    }
    if (cipher_.empty() && tls != cdc::TlsMode::kDisabled && tls != cdc::TlsMode::kPreferred &&
        host_.unix_socket.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat(where_,
                       ": the server offers no TLS and the TLS mode demands it; set the "
                       "server's ssl_cert and ssl_key, or another mode; see "
                       "--db-tls/DB_TLS"));
    }
    RETURN_IF_ERROR(Run(kSqlMode));
    ASSIGN_OR_RETURN(const SqlRows format, Query("SHOW SESSION VARIABLES LIKE 'binlog_format'"));
    const bool statements = !format.rows.empty() && format.rows[0].at(1) == "STATEMENT";
    if (!statements) RETURN_IF_ERROR(Run(kIsolation));
    ASSIGN_OR_RETURN(const SqlRows row, Query("SELECT VERSION(), CONNECTION_ID()"));
    version_ = row.rows.at(0).at(0).value_or("");
    flavor_ = absl::StrContains(absl::AsciiStrToLower(version_), "mariadb") ? Flavor::kMariadb : Flavor::kMysql;
    version_number_ = VersionNumber(version_);
    if (!absl::SimpleAtoi(row.rows[0].at(1).value_or(""), &connection_id_)) {
      return absl::UnknownError(absl::StrCat(where_, ": no CONNECTION_ID()"));
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Run(absl::string_view sql) { return Execute(sql).status(); }

  static uint32_t VersionNumber(absl::string_view version) {
    uint32_t parts[3] = {0, 0, 0};
    size_t part = 0;
    for (char c : version) {
      if (c >= '0' && c <= '9') {
        parts[part] = parts[part] * 10 + static_cast<uint32_t>(c - '0');
      } else if (c != '.' || ++part == 3) {
        break;
      }
    }
    return parts[0] * 10000 + parts[1] * 100 + parts[2];
  }

  static void ReadCells(sql::ResultSet* rows, absl::Span<std::optional<std::string>> cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      const auto column = static_cast<uint32_t>(i + 1);
      const sql::SQLString text = rows->getString(column);
      if (rows->wasNull()) {
        cells[i].reset();
      } else if (cells[i].has_value()) {
        cells[i]->assign(text.asStdString());
      } else {
        cells[i].emplace(text.asStdString());
      }
    }
  }

  // Runs `work`, an exception of the connector becoming a Status that ends with
  // the statement as it was written (its values are not shown: they may be a
  // payload).
  absl::Status Guarded(absl::string_view sql, absl::FunctionRef<absl::Status()> work) {
    if (!alive_) {
      return absl::UnavailableError(absl::StrCat(where_, ": the connection was lost"));
    }
    try {
      return work();
    } catch (const sql::SQLException& e) {
      if (LosesConnection(e.getErrorCode())) alive_ = false;
      absl::Status status = NameSettings(
          cdc::ServerErrorStatus(ServerError{static_cast<uint32_t>(e.getErrorCode()), e.getSQLState(), e.what()},
                                 where_, ServerErrorPhase::kConnected));
      absl::Status with_sql(status.code(),
                            absl::StrCat(status.message(), "; statement: ", sql.substr(0, kShownStatementBytes),
                                         sql.size() > kShownStatementBytes ? "…" : ""));
      cdc::AttachServerErrorNumber(cdc::ServerErrorNumber(status), &with_sql);
      return with_sql;
    } catch (const std::exception& e) {
      alive_ = false;
      return absl::UnknownError(absl::StrCat(where_, ": ", e.what()));
    }
  }

  static constexpr size_t kShownStatementBytes = 200;

  std::unique_ptr<sql::Connection> connection_;
  const SqlHost host_;
  const size_t host_index_;
  const std::string where_;
  bool alive_ = true;
  Flavor flavor_ = Flavor::kMysql;
  std::string version_;
  uint32_t version_number_ = 0;
  uint64_t connection_id_ = 0;
  std::string cipher_;
};

absl::Status RefuseUnlessPrimary(SqlSession* session) {
  ASSIGN_OR_RETURN(bool other, IsReadOnly(session));
  if (!other) {
    const absl::StatusOr<bool> replica = IsReplica(session);
    // A user without the privilege can't tell; a replica that takes writes is rare, and then an accident.
    if (!replica.ok() && !absl::IsPermissionDenied(replica.status())) return replica.status();
    other = replica.ok() && *replica;
  }
  if (!other) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(session->host().ToString(), ": this server is read only or a replica; a primary is waited for"));
}

// How much a failed attempt tells the user, when several hosts failed.
int Weight(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return 3;
    case absl::StatusCode::kUnavailable:
      return 1;
    default:
      return 2;
  }
}

}  // namespace

absl::StatusOr<std::optional<std::string>> SqlSession::QueryValue(absl::string_view sql,
                                                                  absl::Span<const SqlParam> params) {
  ASSIGN_OR_RETURN(SqlRows result, Query(sql, params));
  if (result.rows.empty() || result.rows[0].empty()) {
    return absl::NotFoundError(absl::StrCat("no row; statement: ", sql));
  }
  return std::move(result.rows[0][0]);
}

absl::StatusOr<bool> IsReplica(SqlSession* session) {
  const bool mariadb = session->flavor() == SqlSession::Flavor::kMariadb;
  const bool renamed = !mariadb && session->server_version_number() >= 80022;
  ASSIGN_OR_RETURN(const SqlRows rows, session->Query(mariadb   ? "SHOW ALL SLAVES STATUS"
                                                      : renamed ? "SHOW REPLICA STATUS"
                                                                : "SHOW SLAVE STATUS"));
  const std::string prefix = renamed ? "Replica_" : "Slave_";
  for (const SqlRow& row : rows.rows) {
    bool runs = false;
    bool of_group = false;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string& column = rows.columns[i];
      const absl::string_view value = row[i].has_value() ? absl::string_view(*row[i]) : "";
      if (column == prefix + "IO_Running" || column == prefix + "SQL_Running") runs |= value != "No";
      // A group's own channels are no sign: read_only tells its members from its primary.
      if (column == "Channel_Name") of_group = absl::StartsWith(value, "group_replication_");
    }
    if (runs && !of_group) return true;
  }
  return false;
}

absl::StatusOr<bool> IsReadOnly(SqlSession* session) {
  // MariaDB has levels of it (NO_LOCK …), MySQL a stronger variable that implies it.
  ASSIGN_OR_RETURN(const std::optional<std::string> value, session->QueryValue("SELECT @@global.read_only"));
  return value.has_value() && *value != "0" && *value != "OFF";
}

absl::StatusOr<SqlTransaction> SqlTransaction::Begin(SqlSession* session) {
  RETURN_IF_ERROR(session->Begin());
  return SqlTransaction(session);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept : session_(std::exchange(other.session_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
  if (session_ != nullptr && session_->alive()) {
    session_->Rollback().IgnoreError();
  }
}

absl::Status SqlTransaction::Commit() {
  RETURN_IF_ERROR(session_->Commit());
  session_ = nullptr;
  return absl::OkStatus();
}

SqlConnector::SqlConnector(SqlEndpoint endpoint) : endpoint_(std::move(endpoint)) {}

absl::StatusOr<std::unique_ptr<SqlSession>> SqlConnector::Connect() const {
  return ConnectToFirst(/*primary=*/endpoint_.hosts.size() > 1);
}

absl::StatusOr<std::unique_ptr<SqlSession>> SqlConnector::ConnectToAny() const {
  return ConnectToFirst(/*primary=*/false);
}

absl::StatusOr<std::unique_ptr<SqlSession>> SqlConnector::ConnectToFirst(bool primary) const {
  absl::Status worst = absl::InvalidArgumentError("no database host; set --db-host/DB_HOST");
  int weight = 0;
  for (size_t i = 0; i < endpoint_.hosts.size(); ++i) {
    absl::StatusOr<std::unique_ptr<SqlSession>> session = ConnectTo(i);
    absl::Status status = session.status();
    if (status.ok() && primary) status = RefuseUnlessPrimary(session->get());
    if (status.ok()) return session;
    if (Weight(status) > weight) {
      weight = Weight(status);
      worst = std::move(status);
    }
  }
  return worst;
}

absl::StatusOr<std::unique_ptr<SqlSession>> SqlConnector::ConnectTo(size_t host_index) const {
  const SqlHost& host = endpoint_.hosts[host_index];
  ASSIGN_OR_RETURN(const std::string password, CurrentPassword(endpoint_));
  std::unique_ptr<ConnectorSession> session;
  try {
    sql::ConnectOptionsMap options = ConnectOptions(endpoint_, host, password);
    session = std::make_unique<ConnectorSession>(std::unique_ptr<sql::Connection>(Driver()->connect(options)), host,
                                                 host_index);
  } catch (const sql::SQLException& e) {
    return NameSettings(
        cdc::ServerErrorStatus(ServerError{static_cast<uint32_t>(e.getErrorCode()), e.getSQLState(), e.what()},
                               host.ToString(), ServerErrorPhase::kConnecting));
  } catch (const std::exception& e) {
    return absl::UnknownError(absl::StrCat(host.ToString(), ": ", e.what()));
  }
  RETURN_IF_ERROR(session->Prepare(endpoint_.tls.mode));
  return session;
}

}  // namespace relay
