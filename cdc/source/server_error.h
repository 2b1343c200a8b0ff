// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_SERVER_ERROR_H_
#define CDC_SOURCE_SERVER_ERROR_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cdc {

// What a MySQL or MariaDB server, or the client library on its way there, said.
struct ServerError {
  uint32_t number = 0;  // 1045 …; 2000 to 2999 and 5000 on are the library's
  std::string sqlstate;
  std::string message;
};

// While connecting, a TLS or handshake error is a wrong setting more often than
// a cut.
enum class ServerErrorPhase { kConnecting, kConnected };

// The error as a Status. Its code says what to do:
//   Unavailable         lost, refused, shutting down, overloaded, deadlock, lock wait, read-only server: try again
//   Unauthenticated     user or password refused
//   PermissionDenied    a privilege is missing
//   NotFound            schema or table
//   AlreadyExists       table, column, index or key value
//   InvalidArgument     a value does not fit its column
//   Unimplemented       a statement, command or variable that this version lacks
//   FailedPrecondition  TLS that can't work, column missing, server's settings
//   Unknown             everything else
// The message reads "WHERE: what the server said (error N)[; cure]". Error 1236
// is Unknown here: cdc/source/dump_error.h tells its troubles apart.
absl::Status ServerErrorStatus(const ServerError& error, absl::string_view where, ServerErrorPhase phase);

// The error's number when `status` was made by ServerErrorStatus, else 0.
uint32_t ServerErrorNumber(const absl::Status& status);

// The number of `error` as ServerErrorNumber finds it, put on any status.
void AttachServerErrorNumber(uint32_t number, absl::Status* status);

}  // namespace cdc

#endif  // CDC_SOURCE_SERVER_ERROR_H_
