// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/event_header.h"

#include "absl/strings/str_cat.h"

namespace cdc {

std::string EventTypeName(EventType type) {
  switch (type) {
    case EventType::kUnknown:
      return "UNKNOWN";
    case EventType::kStartV3:
      return "START_V3";
    case EventType::kQuery:
      return "QUERY";
    case EventType::kStop:
      return "STOP";
    case EventType::kRotate:
      return "ROTATE";
    case EventType::kIntvar:
      return "INTVAR";
    case EventType::kLoad:
      return "LOAD";
    case EventType::kSlave:
      return "SLAVE";
    case EventType::kCreateFile:
      return "CREATE_FILE";
    case EventType::kAppendBlock:
      return "APPEND_BLOCK";
    case EventType::kExecLoad:
      return "EXEC_LOAD";
    case EventType::kDeleteFile:
      return "DELETE_FILE";
    case EventType::kNewLoad:
      return "NEW_LOAD";
    case EventType::kRand:
      return "RAND";
    case EventType::kUserVar:
      return "USER_VAR";
    case EventType::kFormatDescription:
      return "FORMAT_DESCRIPTION";
    case EventType::kXid:
      return "XID";
    case EventType::kBeginLoadQuery:
      return "BEGIN_LOAD_QUERY";
    case EventType::kExecuteLoadQuery:
      return "EXECUTE_LOAD_QUERY";
    case EventType::kTableMap:
      return "TABLE_MAP";
    case EventType::kWriteRowsV0:
      return "WRITE_ROWS_V0";
    case EventType::kUpdateRowsV0:
      return "UPDATE_ROWS_V0";
    case EventType::kDeleteRowsV0:
      return "DELETE_ROWS_V0";
    case EventType::kWriteRowsV1:
      return "WRITE_ROWS_V1";
    case EventType::kUpdateRowsV1:
      return "UPDATE_ROWS_V1";
    case EventType::kDeleteRowsV1:
      return "DELETE_ROWS_V1";
    case EventType::kIncident:
      return "INCIDENT";
    case EventType::kHeartbeat:
      return "HEARTBEAT";
    case EventType::kIgnorable:
      return "IGNORABLE";
    case EventType::kRowsQuery:
      return "ROWS_QUERY";
    case EventType::kWriteRows:
      return "WRITE_ROWS";
    case EventType::kUpdateRows:
      return "UPDATE_ROWS";
    case EventType::kDeleteRows:
      return "DELETE_ROWS";
    case EventType::kGtid:
      return "GTID";
    case EventType::kAnonymousGtid:
      return "ANONYMOUS_GTID";
    case EventType::kPreviousGtids:
      return "PREVIOUS_GTIDS";
    case EventType::kTransactionContext:
      return "TRANSACTION_CONTEXT";
    case EventType::kViewChange:
      return "VIEW_CHANGE";
    case EventType::kXaPrepare:
      return "XA_PREPARE";
    case EventType::kPartialUpdateRows:
      return "PARTIAL_UPDATE_ROWS";
    case EventType::kTransactionPayload:
      return "TRANSACTION_PAYLOAD";
    case EventType::kHeartbeatV2:
      return "HEARTBEAT_V2";
    case EventType::kGtidTagged:
      return "GTID_TAGGED";
    case EventType::kAnnotateRows:
      return "ANNOTATE_ROWS";
    case EventType::kBinlogCheckpoint:
      return "BINLOG_CHECKPOINT";
    case EventType::kMariadbGtid:
      return "GTID (MariaDB)";
    case EventType::kGtidList:
      return "GTID_LIST";
    case EventType::kStartEncryption:
      return "START_ENCRYPTION";
    case EventType::kQueryCompressed:
      return "QUERY_COMPRESSED";
    case EventType::kWriteRowsCompressedV1:
      return "WRITE_ROWS_COMPRESSED_V1";
    case EventType::kUpdateRowsCompressedV1:
      return "UPDATE_ROWS_COMPRESSED_V1";
    case EventType::kDeleteRowsCompressedV1:
      return "DELETE_ROWS_COMPRESSED_V1";
    case EventType::kWriteRowsCompressed:
      return "WRITE_ROWS_COMPRESSED";
    case EventType::kUpdateRowsCompressed:
      return "UPDATE_ROWS_COMPRESSED";
    case EventType::kDeleteRowsCompressed:
      return "DELETE_ROWS_COMPRESSED";
  }
  return absl::StrCat("type ", static_cast<int>(type));
}

}  // namespace cdc
