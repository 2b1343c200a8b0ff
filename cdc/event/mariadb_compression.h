// SPDX-License-Identifier: Apache-2.0
//
// The compressed part of MariaDB's QUERY_COMPRESSED and *_ROWS_COMPRESSED events (log_bin_compress=ON):
//
//   compressed := head:1 size:n zlib_stream
//
//   head  bit 7 set; bits 4-6 the algorithm, 0 = zlib; bits 0-2 n, 1 to 4
//   size  of the uncompressed bytes, BIG endian
//
// Source: MariaDB sql/log_event.cc (binlog_buf_compress, binlog_buf_uncompress).
#ifndef CDC_EVENT_MARIADB_COMPRESSION_H_
#define CDC_EVENT_MARIADB_COMPRESSION_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace cdc {

// Replaces `out` by the uncompressed bytes. Grows it by what really comes out of the stream, never by what the head
// promises. DataLoss: malformed, or another size than the head says.
absl::Status UncompressMariadb(absl::string_view compressed, std::string* out);

}  // namespace cdc

#endif  // CDC_EVENT_MARIADB_COMPRESSION_H_
