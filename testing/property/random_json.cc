// SPDX-License-Identifier: Apache-2.0
#include "testing/property/random_json.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace testing_property {
namespace {

void AppendQuoted(RandomSource& random, const std::string& text, std::string* out) {
  out->push_back('"');
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\' || (byte < 0x80 && random.OneIn(50))) {
      absl::StrAppendFormat(out, "\\u%04X", byte);
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

std::string Number(RandomSource& random) {
  const char* sign = random.OneIn(3) ? "-" : "";
  switch (random.Below(7)) {
    case 0:
    case 1:
      return absl::StrCat(sign, random.SpreadBits(63));
    case 2:
      return absl::StrCat(random.SpreadBits(64));
    case 3:
      return absl::StrCat(sign, random.SpreadBits(16));
    case 4:
      return absl::StrFormat("%.17g", random.AnyDouble());
    case 5:
      return absl::StrFormat("%s%d.%d", sign, random.SpreadBits(40), random.SpreadBits(30));
    default:
      return absl::StrFormat("%s%d.%de%d", sign, random.Below(10), random.SpreadBits(50),
                             static_cast<int>(random.Below(60)) - 30);
  }
}

void AppendValue(RandomSource& random, int depth, int most_depth, std::string* out) {
  const bool leaf = depth >= most_depth || random.OneIn(3);
  switch (leaf ? 2 + random.Below(6) : random.Below(2)) {
    case 0: {
      out->push_back('{');
      const uint64_t count = random.OneIn(10) ? random.Below(40) : random.Below(6);
      for (uint64_t i = 0; i < count; ++i) {
        if (i > 0) out->append(random.OneIn(2) ? ", " : ",");
        AppendQuoted(random, random.OneIn(3) ? random.Text(random.Length(20)) : random.Pick({"a", "b", "id", "name"}),
                     out);
        out->push_back(':');
        AppendValue(random, depth + 1, most_depth, out);
      }
      out->push_back('}');
      break;
    }
    case 1: {
      out->push_back('[');
      const uint64_t count = random.OneIn(10) ? random.Below(60) : random.Below(6);
      for (uint64_t i = 0; i < count; ++i) {
        if (i > 0) out->push_back(',');
        AppendValue(random, depth + 1, most_depth, out);
      }
      out->push_back(']');
      break;
    }
    case 2:
      out->append(random.Pick({"true", "false", "null"}));
      break;
    case 3:
    case 4:
      AppendQuoted(random, random.Text(random.OneIn(40) ? random.Length(20000) : random.Length(200)), out);
      break;
    default:
      out->append(Number(random));
  }
}

// What text can't say.
std::string Typed(RandomSource& random) {
  switch (random.Below(14)) {
    case 0:
      return absl::StrFormat("CAST('%s%d.%d' AS DECIMAL(%d,%d))", random.OneIn(3) ? "-" : "", random.SpreadBits(60),
                             random.SpreadBits(60), 35 + random.Below(31), random.Below(31));
    case 1:
      return absl::StrFormat("CAST('%04d-%02d-%02d' AS DATE)", random.Below(10000), 1 + random.Below(12),
                             1 + random.Below(28));
    case 2:
      return absl::StrFormat("CAST('%s%d:%02d:%02d.%06d' AS TIME(%d))", random.OneIn(2) ? "-" : "", random.Below(839),
                             random.Below(60), random.Below(60), random.Below(1000000), random.Below(7));
    case 3:
      return absl::StrFormat("CAST('%04d-%02d-%02d %02d:%02d:%02d.%06d' AS DATETIME(%d))", random.Below(10000),
                             1 + random.Below(12), 1 + random.Below(28), random.Below(24), random.Below(60),
                             random.Below(60), random.Below(1000000), random.Below(7));
    case 4:
      return absl::StrFormat("TIMESTAMP'%d-01-02 03:04:05.%06d'", 1971 + random.Below(60), random.Below(1000000));
    case 5:
      return absl::StrCat("CAST(", HexLiteral(random.Bytes(random.Length(400))), " AS BINARY)");
    case 6:
      return HexLiteral(random.Bytes(1 + random.Length(70)));
    case 7:
      return absl::StrCat("b'", random.Pick({"0", "1", "101", "1111111111", "10000000"}), "'");
    case 8:
      return absl::StrCat("CAST(", 1901 + random.Below(255), " AS YEAR)");
    case 9:
      return absl::StrFormat("CAST(%.9g AS FLOAT)", std::fmod(random.AnyDouble(), 1e30));
    case 10:
      return absl::StrCat(random.SpreadBits(64));
    case 11:
      return absl::StrFormat("ST_GeomFromText('POINT(%d %d)')", random.Below(100), random.Below(100));
    case 12:
      return absl::StrFormat("%d.%d", random.SpreadBits(50), random.SpreadBits(40));
    default:
      return absl::StrFormat("%.17g", random.AnyDouble());
  }
}

std::string TypedTree(RandomSource& random, int depth) {
  if (depth == 0 || random.OneIn(3)) return Typed(random);
  const bool object = random.OneIn(2);
  std::string expression = object ? "JSON_OBJECT(" : "JSON_ARRAY(";
  const uint64_t count = random.Below(6);
  for (uint64_t i = 0; i < count; ++i) {
    if (i > 0) expression += ", ";
    if (object) absl::StrAppend(&expression, "'k", i, "', ");
    expression += TypedTree(random, depth - 1);
  }
  return expression + ")";
}

std::string PathOf(RandomSource& random) {
  std::string path = "$";
  const uint64_t legs = 1 + random.Below(3);
  for (uint64_t i = 0; i < legs; ++i) {
    switch (random.Below(4)) {
      case 0:
        absl::StrAppend(&path, "[", random.Below(4), "]");
        break;
      case 1:
        absl::StrAppend(&path, "[last", random.Pick({"", "-0", "-1", "-2", " - 3"}), "]");
        break;
      case 2:
        absl::StrAppend(&path, ".", random.Pick({"a", "b", "id", "name", "k0", "k1", "newer"}));
        break;
      default:
        absl::StrAppend(&path, ".\"", random.Pick({"two words", "ü", "a", "k0", "quoted.dot", "1"}), "\"");
    }
  }
  return path;
}

}  // namespace

std::string RandomJsonText(RandomSource& random) {
  std::string text;
  if (random.OneIn(60)) {  // as deep as the server allows
    const uint64_t depth = random.OneIn(2) ? 99 : random.Below(99);
    std::string close;
    for (uint64_t i = 0; i < depth; ++i) {
      const bool object = random.OneIn(2);
      text += object ? "{\"a\":" : "[1,";
      close.insert(0, object ? "}" : "]");
    }
    return text + Number(random) + close;
  }
  if (random.OneIn(60)) {  // past 64 KiB: the large form
    const uint64_t count = 3000 + random.Below(9000);
    const bool object = random.OneIn(2);
    for (uint64_t i = 0; i < count; ++i) {
      absl::StrAppend(&text, i > 0 ? "," : object ? "{" : "[");
      if (object) {
        AppendQuoted(random, absl::StrCat(i, random.Text(random.Length(20))), &text);
        text.push_back(':');
      }
      if (random.OneIn(8)) {
        AppendValue(random, 0, 1, &text);
      } else {
        text += Number(random);
      }
    }
    return text + (object ? "}" : "]");
  }
  AppendValue(random, 0, static_cast<int>(random.Below(6)), &text);
  return text;
}

std::string RandomJsonExpression(RandomSource& random) {
  if (random.OneIn(3)) return absl::StrCat("CAST(", TypedTree(random, static_cast<int>(random.Below(4))), " AS JSON)");
  return TextLiteral(RandomJsonText(random));
}

std::string RandomJsonChange(RandomSource& random, const std::string& column) {
  std::string expression = column;
  const uint64_t changes = 1 + random.Below(4);
  for (uint64_t i = 0; i < changes; ++i) {
    const std::string path = PathOf(random);
    switch (random.Below(4)) {
      case 0:
        expression = absl::StrCat("JSON_REMOVE(", expression, ", '", path, "')");
        break;
      case 1:
        expression = absl::StrCat("JSON_REPLACE(", expression, ", '", path, "', CAST(", RandomJsonExpression(random),
                                  " AS JSON))");
        break;
      default:
        expression = absl::StrCat("JSON_SET(", expression, ", '", path, "', ", Typed(random), ")");
    }
  }
  return expression;
}

}  // namespace testing_property
