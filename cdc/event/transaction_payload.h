// SPDX-License-Identifier: Apache-2.0
//
// payload := { frame } | { event }                   a zstd frame's content is { event } too
// event   := an event without checksum, its log_pos 0
// frame   := 28 B5 2F FD descriptor:1 [window:1] …   RFC 8878, 3.1.1
#ifndef CDC_EVENT_TRANSACTION_PAYLOAD_H_
#define CDC_EVENT_TRANSACTION_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event/event.h"

struct ZSTD_DCtx_s;

namespace cdc {

// Hands out the events of a TRANSACTION_PAYLOAD one by one, uncompressing as it goes: it holds one event and zstd's
// window, never the transaction. Between payloads it keeps a few MiB at most. Reused from payload to payload. Not
// thread-safe.
//
// The window is as large as the server's compression level asks, 128 MiB at level 22, but never much larger than the
// transaction: MySQL 8.0's first versions told zstd no size, so that each frame of such a level claims all of it.
class TransactionPayloadReader {
 public:
  TransactionPayloadReader();
  ~TransactionPayloadReader();
  TransactionPayloadReader(const TransactionPayloadReader&) = delete;
  TransactionPayloadReader& operator=(const TransactionPayloadReader&) = delete;

  // Begins a payload, whose bytes must stay until it is used up.
  absl::Status Start(const TransactionPayloadEvent& event);

  // Whether a payload was begun and not used up.
  bool active() const { return active_; }

  // The next event, empty behind the last. Valid until the next call. DataLoss: it does not uncompress, is truncated,
  // or is not as long as said.
  absl::StatusOr<absl::string_view> Next();

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx_s* context) const;
  };

  // Looks at the frame that input_ begins with, before zstd does.
  absl::Status BeginFrame();
  // Makes `size` bytes available at next_, or as many as there are.
  absl::Status Fill(size_t size);

  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  bool active_ = false;
  bool compressed_ = false;
  // No frame may ask for a larger window.
  uint64_t most_window_ = 0;
  // What was not uncompressed yet: first the frame's head as zstd is to see it.
  char head_[6];
  absl::string_view head_left_;
  absl::string_view input_;
  bool frame_open_ = false;
  bool drained_ = false;
  std::string buffer_;
  size_t next_ = 0;
  size_t filled_ = 0;
};

}  // namespace cdc

#endif  // CDC_EVENT_TRANSACTION_PAYLOAD_H_
