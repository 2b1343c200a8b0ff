// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_STATUS_PROCESS_FIGURES_H_
#define RELAY_STATUS_PROCESS_FIGURES_H_

namespace relay {

// What the system says of this process.
struct ProcessFigures {
  double cpu_seconds = 0;  // user and system
  double resident_bytes = 0;
  double open_files = 0;
};

// From proc(5) and getrusage(2); 0 where /proc can not be read.
ProcessFigures ReadProcessFigures();

}  // namespace relay

#endif  // RELAY_STATUS_PROCESS_FIGURES_H_
