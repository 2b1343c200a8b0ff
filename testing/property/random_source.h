// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_PROPERTY_RANDOM_SOURCE_H_
#define TESTING_PROPERTY_RANDOM_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace testing_property {

// Random values from a seed that the test prints, so that a failure can be had again.
class RandomSource {
 public:
  explicit RandomSource(uint64_t seed) : engine_(seed) {}

  uint64_t Bits() { return engine_(); }
  // 0 to bound-1.
  uint64_t Below(uint64_t bound) { return engine_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }
  // Mostly short, now and then as long as `most`.
  size_t Length(size_t most);
  // An integer of a random number of bits: small ones are as likely as large ones.
  uint64_t SpreadBits(int most_bits);
  double AnyDouble();
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  const char* Pick(std::initializer_list<const char*> from) { return from.begin()[Below(from.size())]; }

  std::string Bytes(size_t length);
  // utf8mb4 of one script or another, control characters and quotes included.
  std::string Text(size_t characters);

 private:
  std::mt19937_64 engine_;
};

// X'…' of the bytes.
std::string HexLiteral(const std::string& bytes);
// A utf8mb4 string literal.
std::string TextLiteral(const std::string& text);

}  // namespace testing_property

#endif  // TESTING_PROPERTY_RANDOM_SOURCE_H_
