// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_COUNTING_ALLOCATOR_H_
#define TESTING_COUNTING_ALLOCATOR_H_

#include <cstdint>

namespace testing_support {

// A program that links this counts what goes through malloc and its kin, operator new and C libraries (zstd, zlib)
// included, in all its threads. In sanitizer builds it counts by their hooks.

// Allocations since the program began.
uint64_t AllocationCount();
// Bytes that are allocated and not freed, and the most that were since ResetPeak.
uint64_t LiveBytes();
uint64_t PeakBytes();
void ResetPeak();

}  // namespace testing_support

#endif  // TESTING_COUNTING_ALLOCATOR_H_
