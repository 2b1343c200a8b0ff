// SPDX-License-Identifier: Apache-2.0
#include "testing/counting_allocator.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace testing_support {
namespace {

std::atomic<uint64_t> count{0};
std::atomic<uint64_t> live{0};
std::atomic<uint64_t> peak{0};

void* Counted(void* memory) {
  if (memory == nullptr) std::abort();
  count.fetch_add(1, std::memory_order_relaxed);
  const uint64_t size = malloc_usable_size(memory);
  const uint64_t now = live.fetch_add(size, std::memory_order_relaxed) + size;
  uint64_t before = peak.load(std::memory_order_relaxed);
  while (before < now && !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
  return memory;
}

void Free(void* memory) {
  if (memory == nullptr) return;
  live.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
  std::free(memory);
}

}  // namespace

uint64_t AllocationCount() { return count.load(std::memory_order_relaxed); }
uint64_t LiveBytes() { return live.load(std::memory_order_relaxed); }
uint64_t PeakBytes() { return peak.load(std::memory_order_relaxed); }
void ResetPeak() { peak.store(live.load(std::memory_order_relaxed), std::memory_order_relaxed); }

}  // namespace testing_support

void* operator new(size_t size) { return testing_support::Counted(std::malloc(size)); }
void* operator new[](size_t size) { return testing_support::Counted(std::malloc(size)); }
void* operator new(size_t size, std::align_val_t alignment) {
  return testing_support::Counted(std::aligned_alloc(
      static_cast<size_t>(alignment),
      (size + static_cast<size_t>(alignment) - 1) / static_cast<size_t>(alignment) * static_cast<size_t>(alignment)));
}
void* operator new[](size_t size, std::align_val_t alignment) { return operator new(size, alignment); }
void operator delete(void* memory) noexcept { testing_support::Free(memory); }
void operator delete[](void* memory) noexcept { testing_support::Free(memory); }
void operator delete(void* memory, size_t) noexcept { testing_support::Free(memory); }
void operator delete[](void* memory, size_t) noexcept { testing_support::Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { testing_support::Free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { testing_support::Free(memory); }
void operator delete(void* memory, size_t, std::align_val_t) noexcept { testing_support::Free(memory); }
void operator delete[](void* memory, size_t, std::align_val_t) noexcept { testing_support::Free(memory); }
