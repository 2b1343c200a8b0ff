// SPDX-License-Identifier: Apache-2.0

// What ThreadSanitizer reports though it is none: by library, never by a
// function of ours. Linked into every test; read by the sanitizer's runtime.

extern "C" const char* __tsan_default_suppressions();

const char* __tsan_default_suppressions() {
  // Abseil's Mutex wakes a thread through a semaphore in memory that the other
  // thread has just got from mmap, which happens before only by that Mutex.
  return "race:AbslInternalPerThreadSemPost\n"
         // For each line glog asks glibc for the time zone, which holds a lock of its own there. By glog's name: that
         // of tzset_internal is known only where glibc's debugging symbols are installed.
         "race:google::LogMessageTime::\n";
}
