// SPDX-License-Identifier: Apache-2.0
#include "testing/counting_allocator.h"

#include <errno.h>
#include <malloc.h>

#include <atomic>
#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTING_BY_SANITIZER 1
#endif
#endif

namespace testing_support {
namespace {

std::atomic<uint64_t> count{0};
std::atomic<uint64_t> live{0};
std::atomic<uint64_t> peak{0};

void* Counted(void* memory) {
  if (memory == nullptr) return nullptr;
  count.fetch_add(1, std::memory_order_relaxed);
  const uint64_t size = malloc_usable_size(memory);
  const uint64_t now = live.fetch_add(size, std::memory_order_relaxed) + size;
  uint64_t before = peak.load(std::memory_order_relaxed);
  while (before < now && !peak.compare_exchange_weak(before, now, std::memory_order_relaxed)) {
  }
  return memory;
}

void Uncount(void* memory) {
  if (memory != nullptr) live.fetch_sub(malloc_usable_size(memory), std::memory_order_relaxed);
}

}  // namespace

uint64_t AllocationCount() { return count.load(std::memory_order_relaxed); }
uint64_t LiveBytes() { return live.load(std::memory_order_relaxed); }
uint64_t PeakBytes() { return peak.load(std::memory_order_relaxed); }
void ResetPeak() { peak.store(live.load(std::memory_order_relaxed), std::memory_order_relaxed); }

}  // namespace testing_support

#ifdef COUNTING_BY_SANITIZER

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*, size_t),
                                                         void (*freed)(const volatile void*));

namespace testing_support {
namespace {

const int installed = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void* memory, size_t) { Counted(const_cast<void*>(memory)); },
    [](const volatile void* memory) { Uncount(const_cast<void*>(memory)); });

}  // namespace
}  // namespace testing_support

#else

// The C library lets a program replace its allocator; operator new calls malloc.
extern "C" {

void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* memory);

void* malloc(size_t size) { return testing_support::Counted(__libc_malloc(size)); }
void* calloc(size_t count, size_t size) { return testing_support::Counted(__libc_calloc(count, size)); }
void* realloc(void* memory, size_t size) {
  testing_support::Uncount(memory);
  void* const moved = __libc_realloc(memory, size);
  if (moved == nullptr && size != 0) testing_support::Counted(memory);  // it is as it was
  return testing_support::Counted(moved);
}
void* memalign(size_t alignment, size_t size) { return testing_support::Counted(__libc_memalign(alignment, size)); }
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** memory, size_t alignment, size_t size) {
  *memory = memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
  testing_support::Uncount(memory);
  __libc_free(memory);
}

}  // extern "C"

#endif
