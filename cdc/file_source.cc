// SPDX-License-Identifier: Apache-2.0
#include "cdc/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/event_header.h"
#include "relay/base/status_macros.h"

namespace cdc {
namespace {

constexpr absl::string_view kMagic =
    "\xFE"
    "bin";
constexpr absl::string_view kEncryptedMagic =
    "\xFD"
    "bin";
constexpr size_t kBlock = 256 * 1024;

void AppendLittleEndian(uint64_t value, int width, std::string* out) {
  for (int i = 0; i < width; ++i) out->push_back(static_cast<char>(value >> 8 * i));
}

// ROTATE, as a server begins a dump: flagged as artificial, without checksum.
std::string MakeRotate(absl::string_view file) {
  std::string event;
  AppendLittleEndian(0, 4, &event);
  event.push_back(static_cast<char>(EventType::kRotate));
  AppendLittleEndian(0, 4, &event);
  AppendLittleEndian(kEventHeaderSize + 8 + file.size(), 4, &event);
  AppendLittleEndian(0, 4, &event);
  AppendLittleEndian(kEventFlagArtificial, 2, &event);
  AppendLittleEndian(kMagic.size(), 8, &event);
  event.append(file.data(), file.size());
  return event;
}

absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  absl::string_view name = slash == absl::string_view::npos ? path : path.substr(slash + 1);
  if (name.size() > 3 && name.substr(name.size() - 3) == ".gz") name.remove_suffix(3);
  return name.empty() ? "(unnamed)" : name;
}

}  // namespace

// An open file; zlib's reader passes through what is no gzip.
class FileSource::Input {
 public:
  Input(gzFile file, std::string path) : file_(file), path_(std::move(path)) {}
  ~Input() { gzclose(file_); }

  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Bytes read, 0 at the end.
  absl::StatusOr<size_t> Read(char* to, size_t size) {
    const int got = gzread(file_, to, static_cast<unsigned>(std::min<size_t>(size, 1 << 30)));
    if (got >= 0) {
      int code = Z_OK;
      const char* text = gzerror(file_, &code);
      if (got == 0 && code == Z_BUF_ERROR) {
        return absl::DataLossError(absl::StrCat(path_, ": the gzip stream is truncated (", text, ")"));
      }
      return static_cast<size_t>(got);
    }
    int code = Z_OK;
    const char* text = gzerror(file_, &code);
    if (code == Z_ERRNO) return absl::UnavailableError(absl::StrCat(path_, ": ", std::strerror(errno)));
    return absl::DataLossError(absl::StrCat(path_, ": the gzip stream is damaged (", text, ")"));
  }

 private:
  gzFile file_;
  const std::string path_;
};

FileSource::FileSource(std::unique_ptr<Input> input, absl::string_view name)
    : input_(std::move(input)), rotate_(MakeRotate(name)) {}

FileSource::~FileSource() = default;

absl::StatusOr<std::unique_ptr<FileSource>> FileSource::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const std::string message = absl::StrCat(path, ": ", std::strerror(errno));
    if (errno == ENOENT) return absl::NotFoundError(message);
    if (errno == EACCES) return absl::PermissionDeniedError(message);
    return absl::UnavailableError(message);
  }
  gzFile file = gzdopen(fd, "rb");
  if (file == nullptr) {
    close(fd);
    return absl::ResourceExhaustedError(absl::StrCat(path, ": zlib is out of memory"));
  }
  gzbuffer(file, kBlock);
  auto source = std::unique_ptr<FileSource>(new FileSource(std::make_unique<Input>(file, path), BaseName(path)));
  RETURN_IF_ERROR(source->ReadMagic(path));
  return source;
}

absl::StatusOr<std::unique_ptr<FileSource>> FileSource::OverBytes(absl::string_view bytes, const std::string& name) {
  auto source = std::unique_ptr<FileSource>(new FileSource(nullptr, BaseName(name)));
  source->memory_ = bytes;
  source->filled_ = bytes.size();
  source->at_end_ = true;
  RETURN_IF_ERROR(source->ReadMagic(name));
  return source;
}

absl::Status FileSource::ReadMagic(absl::string_view path) {
  RETURN_IF_ERROR(Fill(kMagic.size()));
  const absl::string_view head = Available().substr(0, kMagic.size());
  if (head == kEncryptedMagic) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, ": the file is encrypted (binlog_encryption=ON) and only its server can read it: fetch it by ",
        "mysqlbinlog --read-from-remote-server --raw"));
  }
  if (head != kMagic) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": no binlog file: it does not begin with FE 62 69 6E, plain or in gzip"));
  }
  next_ += kMagic.size();
  offset_ = kMagic.size();
  return absl::OkStatus();
}

absl::Status FileSource::Fill(size_t size) {
  while (filled_ - next_ < size && !at_end_) {
    if (next_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + next_, filled_ - next_);
      filled_ -= next_;
      next_ = 0;
    }
    // An event's header may promise any size: grow no faster than bytes really come.
    if (filled_ == buffer_.size()) buffer_.resize(std::max(kBlock, buffer_.size() * 2));
    ASSIGN_OR_RETURN(const size_t got, input_->Read(buffer_.data() + filled_, buffer_.size() - filled_));
    if (got == 0) at_end_ = true;
    filled_ += got;
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> FileSource::Next() {
  if (interrupted_) return absl::CancelledError("reading the binlog file was interrupted");
  if (!rotate_given_) {
    rotate_given_ = true;
    return rotate_;
  }
  RETURN_IF_ERROR(Fill(kEventHeaderSize));
  absl::string_view available = Available();
  if (available.empty()) return absl::string_view();
  EventHeader header;
  if (!EventHeader::Parse(available, &header)) {
    return absl::DataLossError(absl::StrCat("the file ends at offset ", offset_ + available.size(),
                                            ", inside the header of the event at ", offset_));
  }
  if (header.length < kEventHeaderSize) {
    return absl::DataLossError(
        absl::StrCat("what stands at offset ", offset_, " is no event: its length would be ", header.length));
  }
  RETURN_IF_ERROR(Fill(header.length));
  available = Available();
  if (available.size() < header.length) {
    return absl::DataLossError(absl::StrCat("the file ends at offset ", offset_ + available.size(), ", inside the ",
                                            EventTypeName(header.type), " event of ", header.length, " bytes at ",
                                            offset_));
  }
  next_ += header.length;
  offset_ += header.length;
  return available.substr(0, header.length);
}

}  // namespace cdc
