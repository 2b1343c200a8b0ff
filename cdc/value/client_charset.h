// SPDX-License-Identifier: Apache-2.0
//
// The character set of a statement's text in the log, which is that of the client that sent it. In five of them a
// character's later bytes may be those of \ and ` (gbk's D5 5C), which then escape and quote nothing:
//
//   big5          A1-F9 (40-7E | A1-FE)
//   sjis, cp932   (81-9F | E0-FC) (40-7E | 80-FC)
//   gbk           81-FE (40-7E | 80-FE)
//   gb18030       81-FE (40-7E | 80-FE) | 81-FE 30-39 81-FE 30-39
//
// Source: MySQL and MariaDB, strings/ctype-*.c, ismbchar_*.
#ifndef CDC_VALUE_CLIENT_CHARSET_H_
#define CDC_VALUE_CLIENT_CHARSET_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace cdc {

class ClientCharset {
 public:
  // `collation`: the number that the event gives, 0 if it gives none. Text that is UTF-8 is read as such, whatever that
  // says: what a server writes itself (the CREATE TABLE of a CREATE … SELECT) is UTF-8 under the client's number.
  ClientCharset(uint32_t collation, absl::string_view text);

  // Bytes of the character that `text`, which is not empty, begins with; 1 where none of several bytes stands.
  size_t CharacterSize(absl::string_view text) const {
    return form_ == Form::kBytes || static_cast<unsigned char>(text[0]) < 0x80 ? 1 : SizeBehindLead(text);
  }

  // A name out of the text as the rest of the log has it.
  std::string NameToUtf8(absl::string_view name) const;

 private:
  // kBytes: no byte below 80 is part of a longer character.
  enum class Form { kBytes, kBig5, kShiftJis, kGbk, kGb18030 };

  size_t SizeBehindLead(absl::string_view text) const;

  Form form_ = Form::kBytes;
  // Empty: UTF-8, or not known.
  absl::string_view name_;
};

}  // namespace cdc

#endif  // CDC_VALUE_CLIENT_CHARSET_H_
