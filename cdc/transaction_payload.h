// SPDX-License-Identifier: Apache-2.0
//
// payload := zstd({ event }) | { event }             events without checksum, their log_pos 0
#ifndef CDC_TRANSACTION_PAYLOAD_H_
#define CDC_TRANSACTION_PAYLOAD_H_

#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "cdc/event.h"

struct ZSTD_DCtx_s;

namespace cdc {

// Hands out the events of a TRANSACTION_PAYLOAD one by one, uncompressing as it goes: it holds one event, never the
// transaction. Reused from payload to payload. Not thread-safe.
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

  // Makes `size` bytes available at next_, or as many as there are.
  absl::Status Fill(size_t size);

  std::unique_ptr<ZSTD_DCtx_s, FreeContext> context_;
  bool active_ = false;
  bool compressed_ = false;
  // What was not uncompressed yet.
  absl::string_view input_;
  bool frame_open_ = false;
  bool drained_ = false;
  std::string buffer_;
  size_t next_ = 0;
  size_t filled_ = 0;
};

}  // namespace cdc

#endif  // CDC_TRANSACTION_PAYLOAD_H_
