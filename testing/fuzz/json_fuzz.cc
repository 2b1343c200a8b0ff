// SPDX-License-Identifier: Apache-2.0
//
// Input: a binary JSON document. Its text must be no longer than the size that json_text.h promises.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "cdc/event/text_buffer.h"
#include "cdc/value/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cdc::TextBuffer text;
  (void)cdc::AppendJsonText(absl::string_view(reinterpret_cast<const char*>(data), size), &text);
  if (text.size() > 16 * size + 512) std::abort();
  return 0;
}
