// SPDX-License-Identifier: Apache-2.0
#include "relay/status/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/time/time.h"

namespace relay {

ProcessFigures ReadProcessFigures() {
  ProcessFigures figures;
  rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) == 0) {
    figures.cpu_seconds =
        absl::ToDoubleSeconds(absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime));
  }
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0, resident_pages = 0;
  if (statm >> total_pages >> resident_pages) {
    figures.resident_bytes = resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end;
       entry.increment(error)) {
    ++figures.open_files;
  }
  return figures;
}

}  // namespace relay
