// SPDX-License-Identifier: Apache-2.0
#include "cdc/transaction_payload.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "cdc/event_header.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr size_t kBlock = 128 * 1024;
// A buffer that one huge event made grow is given back when the payload is used up.
constexpr size_t kKeptBuffer = 4 * 1024 * 1024;

}  // namespace

void TransactionPayloadReader::FreeContext::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

TransactionPayloadReader::TransactionPayloadReader() = default;
TransactionPayloadReader::~TransactionPayloadReader() = default;

absl::Status TransactionPayloadReader::Start(const TransactionPayloadEvent& event) {
  compressed_ = event.compression == TransactionPayloadEvent::Compression::kZstd;
  input_ = event.payload;
  frame_open_ = false;
  drained_ = input_.empty();
  next_ = filled_ = 0;
  if (compressed_ && context_ == nullptr) {
    context_.reset(ZSTD_createDCtx());
    if (context_ == nullptr) return absl::ResourceExhaustedError("zstd: out of memory");
  }
  if (compressed_) ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
  active_ = true;
  return absl::OkStatus();
}

absl::Status TransactionPayloadReader::Fill(size_t size) {
  while (filled_ - next_ < size && !drained_) {
    if (next_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + next_, filled_ - next_);
      filled_ -= next_;
      next_ = 0;
    }
    // An event's header may promise any size: grow no faster than bytes really come.
    if (filled_ == buffer_.size()) buffer_.resize(std::max(kBlock, buffer_.size() * 2));
    ZSTD_outBuffer out = {buffer_.data() + filled_, buffer_.size() - filled_, 0};
    if (compressed_) {
      ZSTD_inBuffer in = {input_.data(), input_.size(), 0};
      const size_t hint = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(hint)) {
        return absl::DataLossError(
            absl::StrCat("transaction payload does not uncompress: zstd says ", ZSTD_getErrorName(hint)));
      }
      const bool progress = in.pos > 0 || out.pos > 0;
      if (progress) frame_open_ = hint != 0;
      input_.remove_prefix(in.pos);
      // With input left or the output full there may be more; an open frame that stands still is truncated.
      drained_ = !progress || (input_.empty() && (hint == 0 || out.pos < out.size));
    } else {
      out.pos = std::min(out.size, input_.size());
      std::memcpy(out.dst, input_.data(), out.pos);
      input_.remove_prefix(out.pos);
      drained_ = input_.empty();
    }
    filled_ += out.pos;
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> TransactionPayloadReader::Next() {
  RETURN_IF_ERROR(Fill(kEventHeaderSize));
  const auto available = [this] { return absl::string_view(buffer_).substr(next_, filled_ - next_); };
  if (available().empty()) {
    active_ = false;
    if (frame_open_) return absl::DataLossError("transaction payload is truncated");
    if (buffer_.size() > kKeptBuffer) std::string().swap(buffer_);
    return absl::string_view();
  }
  EventHeader header;
  if (!EventHeader::Parse(available(), &header) || header.length < kEventHeaderSize) {
    return absl::DataLossError("transaction payload: what stands between its events is none");
  }
  RETURN_IF_ERROR(Fill(header.length));
  if (available().size() < header.length) {
    return absl::DataLossError(
        absl::StrCat("transaction payload ends inside a ", EventTypeName(header.type), " event"));
  }
  const absl::string_view event = available().substr(0, header.length);
  next_ += header.length;
  return event;
}

}  // namespace cdc
