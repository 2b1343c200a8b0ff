// SPDX-License-Identifier: Apache-2.0
//
// A list of differences, as PARTIAL_UPDATE_ROWS_EVENT holds it behind its length:
//
//   { operation (1): 0 replace, 1 insert, 2 remove
//     path        length-encoded string: $, then .name, ."quoted name", [index], [last] or [last-index]
//     value       length-encoded binary JSON document, not of remove }*
//
// Source: MySQL, sql-common/json_diff.cc and json_path.cc. An insert puts a member where the server's order has it
// (shorter names first, then by bytes), an array element before the one at its index, or last; counted from the end and
// too far, first.
#include "cdc/value/json_diff.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "cdc/event/byte_reader.h"
#include "cdc/value/json_string.h"
#include "cdc/value/json_text.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr uint8_t kReplace = 0;
constexpr uint8_t kInsert = 1;
constexpr uint8_t kRemove = 2;

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("malformed partial JSON update: ", what));
}

absl::Status Misfit() { return absl::DataLossError("partial JSON update does not fit the document that it changes"); }

void AppendUtf8(uint32_t character, std::string* out) {
  if (character < 0x80) {
    out->push_back(static_cast<char>(character));
  } else if (character < 0x800) {
    out->push_back(static_cast<char>(0xc0 | character >> 6));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  } else {
    out->push_back(static_cast<char>(0xe0 | character >> 12));
    out->push_back(static_cast<char>(0x80 | (character >> 6 & 0x3f)));
    out->push_back(static_cast<char>(0x80 | (character & 0x3f)));
  }
}

// Reads a quoted string that starts at text[*at]; leaves *at behind it.
bool Unquote(absl::string_view text, size_t* at, std::string* out) {
  out->clear();
  size_t i = *at + 1;
  while (i < text.size() && text[i] != '"') {
    if (text[i] != '\\') {
      out->push_back(text[i++]);
      continue;
    }
    if (++i >= text.size()) return false;
    switch (text[i]) {
      case 'b':
        out->push_back('\b');
        break;
      case 'f':
        out->push_back('\f');
        break;
      case 'n':
        out->push_back('\n');
        break;
      case 'r':
        out->push_back('\r');
        break;
      case 't':
        out->push_back('\t');
        break;
      case 'u': {
        uint32_t character = 0;
        if (i + 4 >= text.size() || !absl::SimpleHexAtoi(text.substr(i + 1, 4), &character)) return false;
        AppendUtf8(character, out);
        i += 4;
        break;
      }
      default:
        out->push_back(text[i]);
    }
    ++i;
  }
  if (i >= text.size()) return false;
  *at = i + 1;
  return true;
}

struct Leg {
  bool is_member = false;
  std::string name;
  uint64_t index = 0;
  // The index counts back from the last element.
  bool from_end = false;
};

// The inside of [index], [last] or [last-index].
bool ParseIndex(absl::string_view text, Leg* leg) {
  leg->from_end = absl::ConsumePrefix(&text, "last");
  if (leg->from_end && text.empty()) return true;
  if (leg->from_end && !absl::ConsumePrefix(&text, "-")) return false;
  return !text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         absl::SimpleAtoi(text, &leg->index);
}

bool ParsePath(absl::string_view path, std::vector<Leg>* legs) {
  if (path.empty() || path[0] != '$') return false;
  size_t i = 1;
  while (i < path.size()) {
    Leg leg;
    if (path[i] == '[') {
      const size_t end = path.find(']', i);
      if (end == absl::string_view::npos || !ParseIndex(path.substr(i + 1, end - i - 1), &leg)) return false;
      i = end + 1;
    } else if (path[i] == '.') {
      leg.is_member = true;
      ++i;
      if (i < path.size() && path[i] == '"') {
        if (!Unquote(path, &i, &leg.name)) return false;
      } else {
        size_t end = path.find_first_of(".[", i);
        if (end == absl::string_view::npos) end = path.size();
        leg.name = std::string(path.substr(i, end - i));
        if (leg.name.empty()) return false;
        i = end;
      }
    } else {
      return false;
    }
    legs->push_back(std::move(leg));
    if (legs->size() > static_cast<size_t>(kMaxJsonDepth)) return false;
  }
  return true;
}

struct Slice {
  size_t begin = 0;
  size_t end = 0;
};

// Walks over a document as the server prints it.
class Cursor {
 public:
  explicit Cursor(absl::string_view text) : text_(text) {}

  // Behind the value that begins at `at`; npos if the text ends first.
  size_t SkipValue(size_t at) const {
    int depth = 0;
    while (at < text_.size()) {
      switch (text_[at]) {
        case '"':
          at = SkipString(at);
          if (at == absl::string_view::npos || depth == 0) return at;
          continue;
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (depth == 0) return at;  // behind a scalar
          if (--depth == 0) return at + 1;
          break;
        case ',':
          if (depth == 0) return at;
          break;
        default:
          break;
      }
      ++at;
    }
    return depth == 0 ? at : absl::string_view::npos;
  }

  size_t SkipString(size_t at) const {
    for (++at; at < text_.size(); ++at) {
      if (text_[at] == '\\') {
        ++at;
      } else if (text_[at] == '"') {
        return at + 1;
      }
    }
    return absl::string_view::npos;
  }

  bool IsContainer(size_t at, char open) const { return at < text_.size() && text_[at] == open; }

  // Calls visit(element, value) with the slices of each member or element and of its value until it returns false.
  // False: the text is malformed.
  template <typename Visit>
  bool ForEach(size_t at, bool is_object, Visit visit) const {
    const char close = is_object ? '}' : ']';
    ++at;
    if (at < text_.size() && text_[at] == close) return true;
    while (at < text_.size()) {
      Slice element{at, 0};
      Slice value{at, 0};
      if (is_object) {
        const size_t colon = text_[at] == '"' ? SkipString(at) : absl::string_view::npos;
        if (colon == absl::string_view::npos || text_.substr(colon, 2) != ": ") return false;
        value.begin = colon + 2;
      }
      value.end = element.end = SkipValue(value.begin);
      if (value.end == absl::string_view::npos || value.end >= text_.size()) return false;
      if (!visit(element, value)) return true;
      at = value.end;
      if (text_[at] == close) return true;
      if (text_.substr(at, 2) != ", ") return false;
      at += 2;
    }
    return false;
  }

 private:
  absl::string_view text_;
};

// Shorter names first, then by bytes: the order of members.
bool Before(absl::string_view a, absl::string_view b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

struct Place {
  bool found = false;
  Slice element;  // found: the member or element; else where to insert it, empty
  Slice value;
  bool first = true;  // no sibling stands before it
  bool last = true;   // none behind it
};

// Finds the child of the container at `at` that `leg` names.
absl::StatusOr<Place> FindChild(absl::string_view text, size_t at, const Leg& leg) {
  Cursor cursor(text);
  if (!cursor.IsContainer(at, leg.is_member ? '{' : '[')) return Misfit();
  Place place;
  place.element = Slice{at + 1, at + 1};
  uint64_t wanted = leg.index;
  if (leg.from_end) {
    uint64_t count = 0;
    const bool counted = cursor.ForEach(at, /*is_object=*/false, [&count](Slice, Slice) {
      ++count;
      return true;
    });
    if (!counted) return Misfit();
    if (leg.index >= count) {
      place.last = count == 0;
      return place;
    }
    wanted = count - 1 - leg.index;
  }
  std::string name;
  uint64_t index = 0;
  bool past = false;
  bool readable = true;
  bool well_formed = cursor.ForEach(at, leg.is_member, [&](Slice element, Slice value) {
    if (place.found || past) {
      place.last = false;
      return false;
    }
    bool here = index == wanted;
    if (leg.is_member) {
      size_t key = element.begin;
      if (!Unquote(text, &key, &name)) {
        readable = false;
        return false;
      }
      here = name == leg.name;
      past = !here && Before(leg.name, name);
    }
    if (past) {
      place.element = Slice{element.begin, element.begin};
      place.last = false;
      return false;
    }
    place.first = index == 0;
    if (here) {
      place.found = true;
      place.element = element;
      place.value = value;
      return true;  // look whether another follows
    }
    place.element = Slice{element.end, element.end};
    place.first = false;
    ++index;
    return true;
  });
  if (!well_formed || !readable) return Misfit();
  return place;
}

// One difference after another, each from one buffer into the other.
class Patcher {
 public:
  explicit Patcher(absl::string_view document) : current_(document) {}

  const std::string& current() const { return current_; }

  absl::Status Apply(uint8_t operation, absl::string_view path, absl::string_view value) {
    std::vector<Leg> legs;
    if (!ParsePath(path, &legs)) return Malformed("its path");
    value_.Clear();
    if (operation != kRemove) RETURN_IF_ERROR(AppendJsonText(value, &value_));
    if (legs.empty()) {
      if (operation != kReplace) return Malformed("its path");
      current_ = std::string(value_.view());
      return absl::OkStatus();
    }
    size_t at = 0;
    for (size_t i = 0; i + 1 < legs.size(); ++i) {
      ASSIGN_OR_RETURN(Place step, FindChild(current_, at, legs[i]));
      if (!step.found) return Misfit();
      at = step.value.begin;
    }
    ASSIGN_OR_RETURN(Place place, FindChild(current_, at, legs.back()));
    switch (operation) {
      case kReplace:
        if (!place.found) return Misfit();
        Splice(place.value, value_.view());
        return absl::OkStatus();
      case kRemove:
        if (!place.found) return Misfit();
        Remove(place);
        return absl::OkStatus();
      case kInsert:
        return Insert(place, legs.back());
      default:
        return Malformed("unknown operation");
    }
  }

 private:
  void Splice(Slice slice, absl::string_view text) {
    current_.replace(slice.begin, slice.end - slice.begin, text.data(), text.size());
  }

  // Takes the separator behind it along, or the one before it.
  void Remove(const Place& place) {
    Slice slice = place.element;
    if (!place.last) {
      slice.end += 2;
    } else if (!place.first) {
      slice.begin -= 2;
    }
    Splice(slice, "");
  }

  absl::Status Insert(const Place& place, const Leg& leg) {
    if (leg.is_member && place.found) return Misfit();
    TextBuffer element;
    if (leg.is_member) {
      AppendJsonString(leg.name, &element);
      element.Append(": ");
    }
    element.Append(value_.view());
    const size_t at = place.element.begin;
    const bool before_another = place.found || !place.last;
    if (before_another) {
      element.Append(", ");
      Splice(Slice{at, at}, element.view());
    } else if (place.first) {
      Splice(Slice{at, at}, element.view());
    } else {
      Splice(Slice{at, at}, absl::StrCat(", ", element.view()));
    }
    return absl::OkStatus();
  }

  std::string current_;
  TextBuffer value_;
};

}  // namespace

absl::Status ApplyJsonDiffs(absl::string_view document, absl::string_view diffs, TextBuffer* out) {
  Patcher patcher(document);
  ByteReader reader(diffs);
  while (!reader.empty()) {
    const uint8_t operation = reader.U8();
    if (operation > kRemove) return Malformed("unknown operation");
    absl::string_view path = reader.LengthEncodedString();
    absl::string_view value;
    if (operation != kRemove) value = reader.LengthEncodedString();
    if (!reader.ok()) return Malformed("cut short");
    RETURN_IF_ERROR(patcher.Apply(operation, path, value));
  }
  out->Append(patcher.current());
  return absl::OkStatus();
}

}  // namespace cdc
