// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_BENCH_COUNTING_ALLOCATOR_H_
#define TESTING_BENCH_COUNTING_ALLOCATOR_H_

#include <cstdint>

namespace testing_bench {

// Calls of operator new in this process so far. A program that links this has its operator new and delete replaced.
uint64_t Allocations();

}  // namespace testing_bench

#endif  // TESTING_BENCH_COUNTING_ALLOCATOR_H_
