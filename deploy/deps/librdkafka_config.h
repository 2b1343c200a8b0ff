// Configuration of librdkafka for the Bazel build: what its CMake run writes on Debian 12 with SSL, SCRAM, OAUTHBEARER, curl, zlib,
// zstd and lz4, and with pthreads instead of C11 threads (see librdkafka.BUILD).
#pragma once
#define WITHOUT_OPTIMIZATION 0
#define ENABLE_DEVEL 0
#define ENABLE_REFCNT_DEBUG 0

#define HAVE_ATOMICS_32 1
#define HAVE_ATOMICS_32_SYNC 0
// Left out by CMake: without it rd_atomic32_set is a plain store.
#define HAVE_ATOMICS_32_ATOMIC 1

#if (HAVE_ATOMICS_32)
# if (HAVE_ATOMICS_32_SYNC)
#  define ATOMIC_OP32(OP1,OP2,PTR,VAL) __sync_ ## OP1 ## _and_ ## OP2(PTR, VAL)
# else
#  define ATOMIC_OP32(OP1,OP2,PTR,VAL) __atomic_ ## OP1 ## _ ## OP2(PTR, VAL, __ATOMIC_SEQ_CST)
# endif
#endif

#define HAVE_ATOMICS_64 1
#define HAVE_ATOMICS_64_SYNC 0
// Left out by CMake: without it rd_atomic64_set is a plain store.
#define HAVE_ATOMICS_64_ATOMIC 1

#if (HAVE_ATOMICS_64)
# if (HAVE_ATOMICS_64_SYNC)
#  define ATOMIC_OP64(OP1,OP2,PTR,VAL) __sync_ ## OP1 ## _and_ ## OP2(PTR, VAL)
# else
#  define ATOMIC_OP64(OP1,OP2,PTR,VAL) __atomic_ ## OP1 ## _ ## OP2(PTR, VAL, __ATOMIC_SEQ_CST)
# endif
#endif

#define WITH_PKGCONFIG 1
#define WITH_HDRHISTOGRAM 1
#define WITH_ZLIB 1
#define WITH_CURL 1
#define WITH_OAUTHBEARER_OIDC 1
#define WITH_ZSTD 1
#define WITH_LIBDL 1
#define WITH_PLUGINS 1
#define WITH_SNAPPY 1
#define WITH_SOCKEM 1
#define WITH_SSL 1
#define WITH_SASL 1
#define WITH_SASL_SCRAM 1
#define WITH_SASL_OAUTHBEARER 1
#define WITH_SASL_CYRUS 0
#define WITH_LZ4_EXT 1
#define HAVE_REGEX 1
#define HAVE_STRNDUP 1
#define HAVE_RAND_R 1
#define HAVE_PTHREAD_SETNAME_GNU 1
#define HAVE_PTHREAD_SETNAME_DARWIN 0
#define HAVE_PTHREAD_SETNAME_FREEBSD 0
#define WITH_C11THREADS 0
#define WITH_CRC32C_HW 1
#define SOLIB_EXT ".so"
#define BUILT_WITH "BAZEL GNU ZLIB CURL ZSTD LIBDL PLUGINS SSL SASL_SCRAM SASL_OAUTHBEARER LZ4_EXT HDRHISTOGRAM CRC32C_HW SNAPPY SOCKEM"
