// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cdc/event/event_header.h"
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

}  // namespace

// An open file, plain or gzip of one or more members. Of a damaged gzip all is handed out that stands before the
// damage: zlib's own gzread keeps back what it has decompressed in the same call.
class FileSource::Input {
 public:
  Input(int fd, std::string path) : fd_(fd), path_(std::move(path)), raw_(kRawBlock, '\0') {}
  ~Input() {
    if (kind_ == Kind::kGzip) inflateEnd(&stream_);
    close(fd_);
  }

  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  // Bytes read, 0 at the end.
  absl::StatusOr<size_t> Read(char* to, size_t size) {
    if (kind_ == Kind::kUnknown) RETURN_IF_ERROR(FindKind());
    return kind_ == Kind::kGzip ? Inflate(to, size) : ReadPlain(to, size);
  }

 private:
  enum class Kind { kUnknown, kPlain, kGzip };
  static constexpr size_t kRawBlock = 64 * 1024;
  static constexpr absl::string_view kGzipMagic = "\x1F\x8B";

  absl::StatusOr<size_t> ReadFile(char* to, size_t size) {
    while (true) {
      const ssize_t got = read(fd_, to, size);
      if (got >= 0) return static_cast<size_t>(got);
      if (errno != EINTR) return absl::UnavailableError(absl::StrCat(path_, ": ", std::strerror(errno)));
    }
  }

  absl::Status FindKind() {
    size_t filled = 0;
    while (filled < kGzipMagic.size()) {
      ASSIGN_OR_RETURN(const size_t got, ReadFile(raw_.data() + filled, raw_.size() - filled));
      if (got == 0) break;
      filled += got;
    }
    kind_ = Kind::kPlain;
    if (absl::string_view(raw_).substr(0, filled).substr(0, kGzipMagic.size()) == kGzipMagic) {
      // 16: with gzip's head and tail, 15: the largest window.
      if (inflateInit2(&stream_, 16 + 15) != Z_OK) {
        return absl::ResourceExhaustedError(absl::StrCat(path_, ": zlib is out of memory"));
      }
      kind_ = Kind::kGzip;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(raw_.data());
    stream_.avail_in = static_cast<uInt>(filled);
    raw_read_ = filled;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> ReadPlain(char* to, size_t size) {
    if (stream_.avail_in == 0) return ReadFile(to, size);
    const size_t count = std::min<size_t>(size, stream_.avail_in);
    std::memcpy(to, stream_.next_in, count);
    stream_.next_in += count;
    stream_.avail_in -= static_cast<uInt>(count);
    return count;
  }

  absl::Status Refill() {
    ASSIGN_OR_RETURN(const size_t got, ReadFile(raw_.data(), raw_.size()));
    stream_.next_in = reinterpret_cast<Bytef*>(raw_.data());
    stream_.avail_in = static_cast<uInt>(got);
    raw_read_ += got;
    raw_at_end_ = got == 0;
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Inflate(char* to, size_t size) {
    RETURN_IF_ERROR(damage_);
    const uInt room = static_cast<uInt>(std::min<size_t>(size, 1 << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(to);
    stream_.avail_out = room;
    while (stream_.avail_out == room) {
      if (stream_.avail_in == 0 && !raw_at_end_) RETURN_IF_ERROR(Refill());
      if (member_ended_) {
        // Another member may follow, and tapes fill up with zeros.
        while (stream_.avail_in > 0 && *stream_.next_in == 0) {
          ++stream_.next_in;
          --stream_.avail_in;
        }
        if (stream_.avail_in == 0 && raw_at_end_) return size_t{0};
        if (stream_.avail_in == 0) continue;
        inflateReset(&stream_);
        member_ended_ = false;
      }
      if (stream_.avail_in == 0 && raw_at_end_) {
        return absl::DataLossError(absl::StrCat(path_, ": the gzip stream is truncated at byte ", raw_read_));
      }
      const int code = inflate(&stream_, Z_NO_FLUSH);
      if (code == Z_STREAM_END) {
        member_ended_ = true;
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        damage_ = absl::DataLossError(absl::StrCat(path_, ": the gzip stream is damaged at byte ",
                                                   raw_read_ - stream_.avail_in, " (",
                                                   stream_.msg != nullptr ? stream_.msg : zError(code), ")"));
        if (stream_.avail_out == room) return damage_;
      }
    }
    return size_t{room - stream_.avail_out};
  }

  const int fd_;
  const std::string path_;
  Kind kind_ = Kind::kUnknown;
  // What was read of the file and not yet taken is stream_'s input, also of a plain file.
  std::string raw_;
  uint64_t raw_read_ = 0;
  bool raw_at_end_ = false;
  z_stream stream_{};
  bool member_ended_ = false;
  absl::Status damage_;
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
  auto source = std::unique_ptr<FileSource>(new FileSource(std::make_unique<Input>(fd, path), NameOf(path)));
  RETURN_IF_ERROR(source->ReadMagic(path));
  return source;
}

absl::StatusOr<std::unique_ptr<FileSource>> FileSource::OverBytes(absl::string_view bytes, const std::string& name) {
  auto source = std::unique_ptr<FileSource>(new FileSource(nullptr, NameOf(name)));
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

absl::string_view FileSource::NameOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  absl::string_view name = slash == absl::string_view::npos ? path : path.substr(slash + 1);
  if (name.size() > 3 && name.substr(name.size() - 3) == ".gz") name.remove_suffix(3);
  return name.empty() ? "(unnamed)" : name;
}

absl::Status FileSource::Fill(size_t size) {
  while (filled_ - next_ < size && !at_end_) {
    if (next_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + next_, filled_ - next_);
      filled_ -= next_;
      next_ = 0;
    }
    if (buffer_.size() > kBlock && size <= kBlock && filled_ <= kBlock) {
      // The large event is behind us.
      buffer_.resize(kBlock);
      buffer_.shrink_to_fit();
    }
    // An event's header may promise any size: grow no faster than bytes really come.
    if (filled_ == buffer_.size()) buffer_.resize(std::max(kBlock, std::min(size, buffer_.size() * 2)));
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
