// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/transaction_payload.h"

#include <zstd.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "cdc/event/event_header.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr size_t kBlock = 128 * 1024;
// A buffer that one huge event made grow, or a large window, is given back when the payload is used up.
constexpr size_t kKeptBuffer = 4 * 1024 * 1024;
// Windows up to this size are taken as they come.
constexpr uint64_t kSmallWindow = 1024 * 1024;
// What every zstd reader should take (RFC 8878), for an event that does not say its size; MySQL's always do.
constexpr uint64_t kUsualWindow = 8 * 1024 * 1024;

constexpr absl::string_view kFrameMagic = "\x28\xB5\x2F\xFD";
constexpr int kFirstWindowBits = 10;

// window := exponent:5 mantissa:3
uint64_t WindowSize(uint8_t window) {
  const uint64_t base = uint64_t{1} << (kFirstWindowBits + (window >> 3));
  return base + base / 8 * (window & 7);
}

// The smallest window that holds `size` bytes.
uint8_t WindowFor(uint64_t size) {
  uint8_t exponent = 0;
  while (exponent < 31 && WindowSize(static_cast<uint8_t>(exponent << 3)) < size) ++exponent;
  return static_cast<uint8_t>(exponent << 3);
}

}  // namespace

void TransactionPayloadReader::FreeContext::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

TransactionPayloadReader::TransactionPayloadReader() = default;
TransactionPayloadReader::~TransactionPayloadReader() = default;

absl::Status TransactionPayloadReader::Start(const TransactionPayloadEvent& event) {
  compressed_ = event.compression == TransactionPayloadEvent::Compression::kZstd;
  input_ = event.payload;
  head_left_ = {};
  most_window_ = event.uncompressed_size == 0 ? kUsualWindow : std::max(event.uncompressed_size, kSmallWindow);
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

absl::Status TransactionPayloadReader::BeginFrame() {
  // zstd knows older formats and frames to skip too, which no server writes.
  if (input_.substr(0, kFrameMagic.size()) != kFrameMagic) {
    return absl::DataLossError("transaction payload does not uncompress: what stands in it is no zstd frame");
  }
  if (input_.size() < sizeof(head_)) return absl::DataLossError("transaction payload is truncated");
  std::memcpy(head_, input_.data(), sizeof(head_));
  const auto descriptor = static_cast<uint8_t>(head_[4]);
  const bool one_segment = (descriptor & 0x20) != 0;
  if (!one_segment) {
    // Nothing refers to what stands before the frame, so that a window of the content's size is as good.
    const uint8_t enough = WindowFor(most_window_);
    if (WindowSize(static_cast<uint8_t>(head_[5])) > WindowSize(enough)) head_[5] = static_cast<char>(enough);
  } else {
    const unsigned long long content = ZSTD_getFrameContentSize(input_.data(), input_.size());
    if (content == ZSTD_CONTENTSIZE_ERROR) return absl::DataLossError("transaction payload is truncated");
    if (content > most_window_) {
      return absl::DataLossError(absl::StrCat("transaction payload does not uncompress: it claims to hold ", content,
                                              " bytes, its event says ", most_window_));
    }
  }
  head_left_ = absl::string_view(head_, sizeof(head_));
  input_.remove_prefix(sizeof(head_));
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
      if (!frame_open_ && head_left_.empty() && !input_.empty()) RETURN_IF_ERROR(BeginFrame());
      absl::string_view* const from = head_left_.empty() ? &input_ : &head_left_;
      ZSTD_inBuffer in = {from->data(), from->size(), 0};
      const size_t hint = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(hint)) {
        return absl::DataLossError(
            absl::StrCat("transaction payload does not uncompress: zstd says ", ZSTD_getErrorName(hint)));
      }
      const bool progress = in.pos > 0 || out.pos > 0;
      if (progress) frame_open_ = hint != 0;
      from->remove_prefix(in.pos);
      // With input left or the output full there may be more; an open frame that stands still is truncated.
      drained_ = !progress || (input_.empty() && head_left_.empty() && (hint == 0 || out.pos < out.size));
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
    if (context_ != nullptr && ZSTD_sizeof_DCtx(context_.get()) > kKeptBuffer) context_.reset();
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
