// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/declared_type.h"

#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace cdc {
namespace {

// Reads 'a','it''s' up to the closing parenthesis; returns where it stopped. The server writes a quote twice and
// NUL, line feed, carriage return and backslash with a backslash.
size_t ParseMembers(absl::string_view text, size_t at, std::vector<std::string>* members) {
  while (at < text.size() && text[at] == '\'') {
    std::string member;
    for (++at; at < text.size(); ++at) {
      if (text[at] == '\'') {
        if (at + 1 >= text.size() || text[at + 1] != '\'') break;
        ++at;
        member.push_back('\'');
      } else if (text[at] == '\\' && at + 1 < text.size()) {
        ++at;
        switch (text[at]) {
          case '0':
            member.push_back('\0');
            break;
          case 'n':
            member.push_back('\n');
            break;
          case 'r':
            member.push_back('\r');
            break;
          default:
            member.push_back(text[at]);
        }
      } else {
        member.push_back(text[at]);
      }
    }
    members->push_back(std::move(member));
    ++at;
    if (at < text.size() && text[at] == ',') ++at;
  }
  return at;
}

}  // namespace

DeclaredType DeclaredType::Parse(absl::string_view column_type) {
  DeclaredType type;
  const size_t name_end = column_type.find_first_of("( ");
  type.name = absl::AsciiStrToLower(column_type.substr(0, name_end));
  absl::string_view rest = name_end == absl::string_view::npos ? "" : column_type.substr(name_end);
  if (absl::StartsWith(rest, "(")) {
    size_t end = 1;
    if (type.name == "enum" || type.name == "set") {
      end = ParseMembers(rest, 1, &type.members);
    } else {
      end = rest.find(')');
      if (end == absl::string_view::npos) end = rest.size();
      for (absl::string_view part : absl::StrSplit(rest.substr(1, end - 1), ',')) {
        uint32_t number = 0;
        if (absl::SimpleAtoi(part, &number)) type.arguments.push_back(number);
      }
    }
    rest = end < rest.size() ? rest.substr(end) : "";
  }
  type.is_unsigned = absl::StrContains(rest, "unsigned") || absl::StrContains(rest, "zerofill");
  type.zerofill = absl::StrContains(rest, "zerofill");
  return type;
}

}  // namespace cdc
