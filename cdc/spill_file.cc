// SPDX-License-Identifier: Apache-2.0
#include "cdc/spill_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace cdc {
namespace {

bool WaitingMayHelp(int error) {
  switch (error) {
    case EACCES:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOENT:
    case ENOTDIR:
    case EPERM:
    case EROFS:
      return false;
    default:
      return true;
  }
}

}  // namespace

SpillFile::~SpillFile() { Close(); }

void SpillFile::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void SpillFile::Swap(SpillFile* other) {
  std::swap(fd_, other->fd_);
  directory_.swap(other->directory_);
}

absl::Status SpillFile::Failed(absl::string_view what) const {
  const int error = errno;
  return absl::Status(
      WaitingMayHelp(error) ? absl::StatusCode::kUnavailable : absl::StatusCode::kFailedPrecondition,
      absl::StrCat(what, " a temporary file in ", directory_, " for a large transaction: ", std::strerror(error),
                   "; free space there or choose another directory with "
                   "--spill-directory/RELAY_SPILL_DIRECTORY"));
}

absl::Status SpillFile::Open(const std::string& directory) {
  Close();
  directory_ = directory;
#ifdef O_TMPFILE
  fd_ = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ >= 0) return absl::OkStatus();
#endif
  // Not every file system knows files without a name.
  std::string path = absl::StrCat(directory, "/outbox-relay-spill-XXXXXX");
  fd_ = mkostemp(path.data(), O_CLOEXEC);
  if (fd_ < 0) return Failed("cannot create");
  unlink(path.c_str());
  return absl::OkStatus();
}

absl::Status SpillFile::Write(uint64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return Failed("cannot write");
    offset += static_cast<uint64_t>(put);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

absl::Status SpillFile::Read(uint64_t offset, char* to, size_t size) const {
  while (size > 0) {
    const ssize_t got = pread(fd_, to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return Failed("cannot read");
    offset += static_cast<uint64_t>(got);
    to += got;
    size -= static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status SpillFile::Truncate(uint64_t size) {
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0) return Failed("cannot resize");
  return absl::OkStatus();
}

}  // namespace cdc
