// SPDX-License-Identifier: Apache-2.0
//
// TABLE_MAP_EVENT (19), after the 19-byte header:
//
//   table id       6 bytes (4 if the post-header length is 6)
//   flags          2
//   schema         length (1), name, NUL
//   table          length (1), name, NUL
//   column count   length-encoded
//   types          1 byte a column
//   metadata       length-encoded length; 0, 1 or 2 bytes a column by its type
//   nullable       1 bit a column, least significant first
//   optional       { field (1), length (length-encoded), value }*
//
// Optional fields:
//   1  SIGNEDNESS                  bit a numeric column, most significant first
//   2  DEFAULT_CHARSET             default collation, { nth character column,
//                                  collation }*
//   3  COLUMN_CHARSET              collation of each character column
//   4  COLUMN_NAME                 { length (1), name } of each column
//   5  SET_STR_VALUE               { count, { length, name }* } of each SET
//   6  ENUM_STR_VALUE              the same of each ENUM
//   7  GEOMETRY_TYPE               type of each GEOMETRY column
//   8  SIMPLE_PRIMARY_KEY          column*
//   9  PRIMARY_KEY_WITH_PREFIX     { column, characters }*
//   10 ENUM_AND_SET_DEFAULT_CHARSET  as 2, over ENUM and SET columns
//   11 ENUM_AND_SET_COLUMN_CHARSET   as 3, over ENUM and SET columns
//   12 COLUMN_VISIBILITY           bit a column, most significant first
//   13 VECTOR_DIMENSIONALITY       dimensions of each VECTOR column
// All numbers in them are length-encoded integers. Source: MySQL,
// libs/mysql/binlog/event/rows_event.h; VECTOR counting as a character column
// and MariaDB's GEOMETRY doing so were seen on servers (9.7, 10.11).
#include "cdc/event/table_map.h"

#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "cdc/event/byte_reader.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr uint64_t kMaxColumns = 4096;  // the servers' own limit

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("malformed table map event: ", what));
}

absl::Status ReadTypeMetadata(ByteReader& metadata, MappedColumn& column) {
  switch (column.type) {
    case ColumnType::kTiny:
    case ColumnType::kShort:
    case ColumnType::kInt24:
    case ColumnType::kLong:
    case ColumnType::kLongLong:
    case ColumnType::kNull:
    case ColumnType::kTimestamp:
    case ColumnType::kDate:
    case ColumnType::kNewDate:
    case ColumnType::kTime:
    case ColumnType::kDatetime:
    case ColumnType::kYear:
      return absl::OkStatus();
    case ColumnType::kFloat:
    case ColumnType::kDouble:
    case ColumnType::kTinyBlob:
    case ColumnType::kMediumBlob:
    case ColumnType::kLongBlob:
    case ColumnType::kBlob:
    case ColumnType::kBlobCompressed:
    case ColumnType::kJson:
    case ColumnType::kGeometry:
    case ColumnType::kVector:
    case ColumnType::kTimestamp2:
    case ColumnType::kDatetime2:
    case ColumnType::kTime2:
      column.length = metadata.U8();
      return absl::OkStatus();
    case ColumnType::kVarchar:
    case ColumnType::kVarcharCompressed:
    case ColumnType::kVarString:
      column.length = metadata.U16();
      return absl::OkStatus();
    case ColumnType::kNewDecimal:
      column.length = metadata.U8();
      column.scale = metadata.U8();
      return absl::OkStatus();
    case ColumnType::kBit: {
      uint32_t odd_bits = metadata.U8();
      uint32_t whole_bytes = metadata.U8();
      column.length = whole_bytes * 8 + odd_bits;
      return absl::OkStatus();
    }
    case ColumnType::kEnum:
    case ColumnType::kSet:
    case ColumnType::kString: {
      // Two bits of a CHAR's length that do not fit its byte hide, inverted, in
      // the type.
      uint8_t type = metadata.U8();
      uint32_t length = metadata.U8();
      if (type == 0 && length == 0) return absl::OkStatus();
      if ((type & 0x30) != 0x30) {
        length |= static_cast<uint32_t>((type & 0x30) ^ 0x30) << 4;
        type |= 0x30;
      }
      column.type = static_cast<ColumnType>(type);
      column.length = length;
      if (column.type != ColumnType::kString && column.type != ColumnType::kEnum && column.type != ColumnType::kSet) {
        return Malformed("a string column's metadata names no string type");
      }
      return absl::OkStatus();
    }
    case ColumnType::kOldDecimal:
    case ColumnType::kTypedArray:
      break;
  }
  return absl::UnimplementedError(absl::StrCat("table map event with a column of type ", static_cast<int>(column.type),
                                               " (", ColumnTypeName(column.type), "), which is not supported"));
}

using ColumnTest = absl::FunctionRef<bool(const MappedColumn&)>;
using ColumnVisitor = absl::FunctionRef<void(ByteReader&, MappedColumn&)>;

// Calls `visit` for the columns that pass `test`, in order, while the value
// lasts.
absl::Status ForEach(absl::string_view value, TableMap& map, ColumnTest test, ColumnVisitor visit) {
  ByteReader reader(value);
  for (MappedColumn& column : map.columns) {
    if (!test(column)) continue;
    if (reader.empty()) break;
    visit(reader, column);
    if (!reader.ok()) return Malformed("optional metadata cut short");
  }
  return absl::OkStatus();
}

absl::Status ReadBits(absl::string_view value, TableMap& map, ColumnTest test,
                      absl::FunctionRef<void(bool, MappedColumn&)> set) {
  size_t bit = 0;
  for (MappedColumn& column : map.columns) {
    if (!test(column)) continue;
    if (bit / 8 >= value.size()) break;
    set((static_cast<uint8_t>(value[bit / 8]) >> (7 - bit % 8) & 1) != 0, column);
    ++bit;
  }
  return absl::OkStatus();
}

absl::Status ReadDefaultCharset(absl::string_view value, TableMap& map, ColumnTest test) {
  std::vector<MappedColumn*> characters;
  for (MappedColumn& column : map.columns) {
    if (test(column)) characters.push_back(&column);
  }
  ByteReader reader(value);
  uint32_t collation = static_cast<uint32_t>(reader.LengthEncoded());
  for (MappedColumn* column : characters) column->collation = collation;
  while (reader.ok() && !reader.empty()) {
    uint64_t nth = reader.LengthEncoded();
    collation = static_cast<uint32_t>(reader.LengthEncoded());
    if (!reader.ok() || nth >= characters.size()) {
      return Malformed("collation of a column that does not exist");
    }
    characters[nth]->collation = collation;
  }
  return reader.ok() ? absl::OkStatus() : Malformed("DEFAULT_CHARSET");
}

absl::Status ReadColumnCharset(absl::string_view value, TableMap& map, ColumnTest test) {
  return ForEach(value, map, test, [](ByteReader& reader, MappedColumn& c) {
    c.collation = static_cast<uint32_t>(reader.LengthEncoded());
  });
}

absl::Status ReadMembers(absl::string_view value, TableMap& map, ColumnType type) {
  return ForEach(
      value, map, [type](const MappedColumn& c) { return c.type == type; },
      [](ByteReader& reader, MappedColumn& c) {
        uint64_t count = reader.LengthEncoded();
        // Each member takes at least its length byte.
        if (count > reader.remaining()) return reader.Fail();
        c.members.clear();
        c.members.reserve(count);
        for (uint64_t i = 0; i < count && reader.ok(); ++i) {
          c.members.emplace_back(reader.LengthEncodedString());
        }
      });
}

absl::Status ReadPrimaryKey(absl::string_view value, bool with_prefix, TableMap& map) {
  map.primary_key.clear();
  ByteReader reader(value);
  while (!reader.empty()) {
    PrimaryKeyPart part;
    uint64_t column = reader.LengthEncoded();
    if (with_prefix) {
      part.prefix_length = static_cast<uint32_t>(reader.LengthEncoded());
    }
    if (!reader.ok() || column >= map.columns.size() || map.primary_key.size() >= map.columns.size()) {
      return Malformed("primary key of a column that does not exist");
    }
    part.column = static_cast<uint32_t>(column);
    map.primary_key.push_back(part);
  }
  return absl::OkStatus();
}

absl::Status ReadOptionalField(uint8_t field, absl::string_view value, Dialect dialect, TableMap& map) {
  auto any = [](const MappedColumn&) { return true; };
  auto is_character = [dialect](const MappedColumn& c) {
    return IsCharacter(c.type) || (dialect == Dialect::kMariaDb && c.type == ColumnType::kGeometry);
  };
  auto is_enum_or_set = [](const MappedColumn& c) { return c.type == ColumnType::kEnum || c.type == ColumnType::kSet; };
  switch (field) {
    case 1:
      return ReadBits(
          value, map, [](const MappedColumn& c) { return IsNumeric(c.type); },
          [](bool bit, MappedColumn& c) { c.is_unsigned = bit; });
    case 2:
      return ReadDefaultCharset(value, map, is_character);
    case 3:
      return ReadColumnCharset(value, map, is_character);
    case 4:
      return ForEach(value, map, any,
                     [](ByteReader& reader, MappedColumn& c) { c.name = std::string(reader.ShortString()); });
    case 5:
      return ReadMembers(value, map, ColumnType::kSet);
    case 6:
      return ReadMembers(value, map, ColumnType::kEnum);
    case 7:
      return ForEach(
          value, map, [](const MappedColumn& c) { return c.type == ColumnType::kGeometry; },
          [](ByteReader& reader, MappedColumn& c) { c.geometry_type = static_cast<uint32_t>(reader.LengthEncoded()); });
    case 8:
      return ReadPrimaryKey(value, /*with_prefix=*/false, map);
    case 9:
      return ReadPrimaryKey(value, /*with_prefix=*/true, map);
    case 10:
      return ReadDefaultCharset(value, map, is_enum_or_set);
    case 11:
      return ReadColumnCharset(value, map, is_enum_or_set);
    case 12:
      return ReadBits(value, map, any, [](bool bit, MappedColumn& c) { c.visible = bit; });
    case 13:
      return ForEach(
          value, map, [](const MappedColumn& c) { return c.type == ColumnType::kVector; },
          [](ByteReader& reader, MappedColumn& c) {
            c.vector_dimensions = static_cast<uint32_t>(reader.LengthEncoded());
          });
    default:
      return absl::OkStatus();  // made to be skipped
  }
}

struct Head {
  TableMapName name;
  uint16_t flags = 0;
};

absl::StatusOr<Head> ReadHead(ByteReader& reader, uint8_t post_header_length) {
  Head head;
  head.name.table_id = post_header_length == 6 ? reader.U32() : reader.U48();
  head.flags = reader.U16();
  if (post_header_length > 8) reader.Skip(post_header_length - 8);
  head.name.schema = reader.ShortString();
  reader.Skip(1);
  head.name.table = reader.ShortString();
  reader.Skip(1);
  if (!reader.ok()) return Malformed("cut short before its columns");
  return head;
}

}  // namespace

bool TableMap::has_names() const {
  for (const MappedColumn& column : columns) {
    if (column.name.empty()) return false;
  }
  return true;
}

absl::StatusOr<TableMapName> TableMap::ParseName(absl::string_view body, uint8_t post_header_length) {
  ByteReader reader(body);
  ASSIGN_OR_RETURN(Head head, ReadHead(reader, post_header_length));
  return head.name;
}

absl::StatusOr<TableMap> TableMap::Parse(absl::string_view body, uint8_t post_header_length, Dialect dialect) {
  ByteReader reader(body);
  ASSIGN_OR_RETURN(Head head, ReadHead(reader, post_header_length));
  TableMap map;
  map.dialect = dialect;
  map.table_id = head.name.table_id;
  map.flags = head.flags;
  map.schema = std::string(head.name.schema);
  map.table = std::string(head.name.table);

  uint64_t count = reader.LengthEncoded();
  if (!reader.ok() || count > kMaxColumns) return Malformed("column count");
  absl::string_view types = reader.Bytes(count);
  ByteReader metadata(reader.LengthEncodedString());
  absl::string_view nullable = reader.Bytes((count + 7) / 8);
  if (!reader.ok()) return Malformed("cut short in its columns");

  map.columns.resize(count);
  for (size_t i = 0; i < count; ++i) {
    MappedColumn& column = map.columns[i];
    column.type = static_cast<ColumnType>(static_cast<uint8_t>(types[i]));
    column.nullable = (static_cast<uint8_t>(nullable[i / 8]) >> (i % 8) & 1) != 0;
    RETURN_IF_ERROR(ReadTypeMetadata(metadata, column));
  }
  if (!metadata.ok()) return Malformed("column metadata cut short");

  while (!reader.empty()) {
    uint8_t field = reader.U8();
    absl::string_view value = reader.LengthEncodedString();
    if (!reader.ok()) return Malformed("optional metadata cut short");
    RETURN_IF_ERROR(ReadOptionalField(field, value, dialect, map));
  }
  return map;
}

}  // namespace cdc
