// SPDX-License-Identifier: Apache-2.0
//
// The column payload_headers: a JSON object whose members are record headers.
//
//     headers = ws [ object | "null" ] ws                        nothing at all is no headers; neither is null
//     object  = "{" [ member *( "," member ) ] "}"
//     member  = string ":" value                                 RFC 8259, checked to its last byte
//
//     value    string                         the string, unescaped
//              number, true, false            its JSON text
//              null                           a header without value
//              object, array                  its JSON text, exactly as it stands there
#ifndef RELAY_OUTBOX_HEADER_JSON_H_
#define RELAY_OUTBOX_HEADER_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "kafka/record.h"

namespace relay {

// Reads one document after another; its buffers grow to the largest one and stay. Not thread-safe.
class HeaderJson {
 public:
  // Replaces *headers, in the order of the document. A name that comes twice, which only a TEXT column can hold, counts
  // once: the last one wins. The views point into `json` and into this object and live until its next call.
  // InvalidArgument when the document is no object or no JSON, with the offset but nothing of its text.
  absl::Status Parse(absl::string_view json, std::vector<kafka::Header>* headers);

 private:
  void DropRepeats(std::vector<kafka::Header>* headers);

  std::string unescaped_;
  std::string nesting_;
  std::vector<uint32_t> order_;
};

}  // namespace relay

#endif  // RELAY_OUTBOX_HEADER_JSON_H_
