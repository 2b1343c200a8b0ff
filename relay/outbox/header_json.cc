// SPDX-License-Identifier: Apache-2.0

#include "relay/outbox/header_json.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace relay {
namespace {

constexpr uint32_t kReplacementCharacter = 0xfffd;
// Few enough to compare each with each.
constexpr size_t kFewHeaders = 32;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t code_point, std::string* out) {
  const auto put = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

// Walks over one document. Every function returns false, and stays where it is, at the first byte that breaks the
// grammar.
class Scanner {
 public:
  // `unescaped` has room for the whole document, so that views into it stay valid. `nesting` is scratch.
  Scanner(absl::string_view json, std::string* unescaped, std::string* nesting)
      : begin_(json.data()),
        next_(json.data()),
        end_(json.data() + json.size()),
        unescaped_(unescaped),
        nesting_(nesting) {}

  size_t offset() const { return next_ - begin_; }
  bool AtEnd() const { return next_ == end_; }
  char Peek() const { return next_ == end_ ? '\0' : *next_; }

  void SkipSpace() {
    while (next_ != end_ && (*next_ == ' ' || *next_ == '\t' || *next_ == '\n' || *next_ == '\r')) ++next_;
  }

  bool Take(char c) {
    if (Peek() != c || next_ == end_) return false;
    ++next_;
    return true;
  }

  bool TakeWord(absl::string_view word) {
    if (!absl::StartsWith(absl::string_view(next_, end_ - next_), word)) return false;
    next_ += word.size();
    return true;
  }

  // A string with its quotes; `text` is what it means.
  bool TakeString(absl::string_view* text) {
    if (!Take('"')) return false;
    const char* const start = next_;
    while (next_ != end_ && *next_ != '"' && *next_ != '\\' && static_cast<unsigned char>(*next_) >= 0x20) ++next_;
    if (Peek() == '"') {
      *text = absl::string_view(start, next_ - start);
      ++next_;
      return true;
    }
    const size_t from = unescaped_->size();
    unescaped_->append(start, next_ - start);
    while (next_ != end_) {
      const char c = *next_;
      if (c == '"') {
        ++next_;
        *text = absl::string_view(*unescaped_).substr(from);
        return true;
      }
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        unescaped_->push_back(c);
        ++next_;
      } else if (!TakeEscape()) {
        return false;
      }
    }
    return false;
  }

  // Any value; the caller cuts its text out by the offsets before and after.
  bool SkipValue() {
    nesting_->clear();
    while (true) {
      SkipSpace();
      // A value begins here.
      if (Take('{')) {
        SkipSpace();
        if (!Take('}')) {
          nesting_->push_back('}');
          if (!SkipName()) return false;
          continue;
        }
      } else if (Take('[')) {
        SkipSpace();
        if (!Take(']')) {
          nesting_->push_back(']');
          continue;
        }
      } else if (!SkipScalar()) {
        return false;
      }
      // A value has ended here, and with it perhaps those around it.
      while (!nesting_->empty()) {
        SkipSpace();
        if (Take(',')) {
          SkipSpace();
          if (nesting_->back() == '}' && !SkipName()) return false;
          break;
        }
        if (!Take(nesting_->back())) return false;
        nesting_->pop_back();
      }
      if (nesting_->empty()) return true;
    }
  }

 private:
  bool SkipName() {
    if (!SkipString()) return false;
    SkipSpace();
    return Take(':');
  }

  bool SkipScalar() {
    switch (Peek()) {
      case '"':
        return SkipString();
      case 't':
        return TakeWord("true");
      case 'f':
        return TakeWord("false");
      case 'n':
        return TakeWord("null");
      default:
        return SkipNumber();
    }
  }

  bool SkipString() {
    const size_t kept = unescaped_->size();
    absl::string_view text;
    const bool taken = TakeString(&text);
    unescaped_->resize(kept);
    return taken;
  }

  bool SkipDigits() {
    if (!IsDigit(Peek())) return false;
    while (IsDigit(Peek())) ++next_;
    return true;
  }

  bool SkipNumber() {
    Take('-');
    if (!Take('0') && !SkipDigits()) return false;
    if (Take('.') && !SkipDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      return SkipDigits();
    }
    return true;
  }

  // Four hexadecimal digits.
  std::optional<uint32_t> TakeUnit() {
    if (end_ - next_ < 4) return std::nullopt;
    uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const int digit = HexDigit(next_[i]);
      if (digit < 0) return std::nullopt;
      unit = unit << 4 | static_cast<uint32_t>(digit);
    }
    next_ += 4;
    return unit;
  }

  // What comes after "\u". Half a surrogate pair becomes U+FFFD, as with the polling relay.
  bool TakeUnicode() {
    const std::optional<uint32_t> unit = TakeUnit();
    if (!unit.has_value()) return false;
    uint32_t code_point = *unit;
    if (code_point >= 0xd800 && code_point < 0xe000) {
      const char* const before = next_;
      std::optional<uint32_t> low;
      if (code_point < 0xdc00 && TakeWord("\\u")) low = TakeUnit();
      if (low.has_value() && *low >= 0xdc00 && *low < 0xe000) {
        code_point = 0x10000 + ((code_point - 0xd800) << 10) + (*low - 0xdc00);
      } else {
        code_point = kReplacementCharacter;
        next_ = before;
      }
    }
    AppendUtf8(code_point, unescaped_);
    return true;
  }

  bool TakeEscape() {
    if (!Take('\\')) return false;
    const char c = Peek();
    if (AtEnd()) return false;
    ++next_;
    switch (c) {
      case '"':
      case '\\':
      case '/':
        unescaped_->push_back(c);
        return true;
      case 'b':
        unescaped_->push_back('\b');
        return true;
      case 'f':
        unescaped_->push_back('\f');
        return true;
      case 'n':
        unescaped_->push_back('\n');
        return true;
      case 'r':
        unescaped_->push_back('\r');
        return true;
      case 't':
        unescaped_->push_back('\t');
        return true;
      case 'u':
        return TakeUnicode();
      default:
        --next_;
        return false;
    }
  }

  const char* const begin_;
  const char* next_;
  const char* const end_;
  std::string* const unescaped_;
  std::string* const nesting_;
};

bool TakeMember(absl::string_view json, Scanner* scanner, kafka::Header* header) {
  scanner->SkipSpace();
  if (!scanner->TakeString(&header->name)) return false;
  scanner->SkipSpace();
  if (!scanner->Take(':')) return false;
  scanner->SkipSpace();
  if (scanner->Peek() == '"') {
    absl::string_view text;
    if (!scanner->TakeString(&text)) return false;
    header->value = text;
  } else if (scanner->TakeWord("null")) {
    header->value = std::nullopt;
  } else {
    const size_t from = scanner->offset();
    if (!scanner->SkipValue()) return false;
    header->value = json.substr(from, scanner->offset() - from);
  }
  scanner->SkipSpace();
  return true;
}

bool TakeObject(absl::string_view json, Scanner* scanner, std::vector<kafka::Header>* headers) {
  if (!scanner->Take('{')) return false;
  scanner->SkipSpace();
  if (scanner->Take('}')) return true;
  do {
    kafka::Header header;
    if (!TakeMember(json, scanner, &header)) return false;
    headers->push_back(header);
  } while (scanner->Take(','));
  return scanner->Take('}');
}

}  // namespace

absl::Status HeaderJson::Parse(absl::string_view json, std::vector<kafka::Header>* headers) {
  headers->clear();
  unescaped_.clear();
  // U+FFFD takes the three bytes of no more than one escape of six.
  unescaped_.reserve(json.size());
  Scanner scanner(json, &unescaped_, &nesting_);
  scanner.SkipSpace();
  if (scanner.AtEnd()) return absl::OkStatus();
  const bool is_object = scanner.Peek() == '{';
  const bool well_formed = is_object ? TakeObject(json, &scanner, headers) : scanner.TakeWord("null");
  scanner.SkipSpace();
  if (!well_formed || !scanner.AtEnd()) {
    headers->clear();
    return absl::InvalidArgumentError(
        is_object ? absl::StrCat("payload_headers is malformed JSON at byte ", scanner.offset(), " of ", json.size())
                  : absl::string_view("payload_headers is no JSON object"));
  }
  DropRepeats(headers);
  return absl::OkStatus();
}

void HeaderJson::DropRepeats(std::vector<kafka::Header>* headers) {
  const size_t count = headers->size();
  if (count < 2) return;
  if (count <= kFewHeaders) {
    for (size_t i = headers->size(); i-- > 1;) {
      const absl::string_view name = (*headers)[i].name;
      const auto last = headers->begin() + static_cast<ptrdiff_t>(i);
      const auto kept =
          std::remove_if(headers->begin(), last, [name](const kafka::Header& header) { return header.name == name; });
      i -= static_cast<size_t>(last - kept);
      headers->erase(kept, last);
    }
    return;
  }
  order_.resize(count);
  for (uint32_t i = 0; i < count; ++i) order_[i] = i;
  std::sort(order_.begin(), order_.end(), [headers](uint32_t a, uint32_t b) {
    const int names = (*headers)[a].name.compare((*headers)[b].name);
    return names != 0 ? names < 0 : a < b;
  });
  // Of equal names all but the last are marked by moving their index out of range.
  size_t repeats = 0;
  for (size_t i = 0; i + 1 < count; ++i) {
    if ((*headers)[order_[i]].name == (*headers)[order_[i + 1]].name) {
      order_[i] = UINT32_MAX;
      ++repeats;
    }
  }
  if (repeats == 0) return;
  std::sort(order_.begin(), order_.end());
  order_.resize(count - repeats);
  for (size_t i = 0; i < order_.size(); ++i) (*headers)[i] = (*headers)[order_[i]];
  headers->resize(order_.size());
}

}  // namespace relay
