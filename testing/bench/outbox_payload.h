// SPDX-License-Identifier: Apache-2.0

// The rows that all benchmarks use, so that their rates can be compared.

#ifndef TESTING_BENCH_OUTBOX_PAYLOAD_H_
#define TESTING_BENCH_OUTBOX_PAYLOAD_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace testing_bench {

// A JSON object of about `bytes` bytes as an order service would write it: names
// that repeat, words, numbers and hexadecimal digests, so that it neither
// compresses to nothing nor not at all (lz4 makes about half of it). The same
// number always gives the same text, in the form in which MySQL prints JSON.
std::string PayloadOf(uint64_t number, size_t bytes);

// The row's key: one of `keys`.
std::string KeyOf(uint64_t number, uint64_t keys);

}  // namespace testing_bench

#endif  // TESTING_BENCH_OUTBOX_PAYLOAD_H_
