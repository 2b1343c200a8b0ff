// SPDX-License-Identifier: Apache-2.0

#include "testing/bench/outbox_payload.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace testing_bench {
namespace {

constexpr absl::string_view kWords[] = {"blue",  "chair",  "lamp",  "kettle", "garden", "mirror", "wooden", "small",
                                        "large", "carpet", "glass", "copper", "drawer", "shelf",  "window", "cotton"};

// splitmix64: cheap, and the same everywhere.
class Sequence {
 public:
  explicit Sequence(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t mixed = (state_ += 0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
  }

 private:
  uint64_t state_;
};

}  // namespace

std::string PayloadOf(uint64_t number, size_t bytes) {
  Sequence random(number);
  std::string text = absl::StrCat("{\"id\": ", number, ", \"type\": \"order.placed\", \"items\": [");
  absl::string_view separator = "";
  while (text.size() + 90 < bytes) {
    const uint64_t draw = random.Next();
    absl::StrAppend(&text, separator, "{\"qty\": ", draw % 9 + 1, ", \"sku\": \"",
                    absl::Hex(random.Next(), absl::kZeroPad16), "\", \"name\": \"", kWords[draw >> 8 & 15], " ",
                    kWords[draw >> 16 & 15], "\", \"price\": ", draw % 500, ".", draw >> 32 & 7, "5}");
    separator = ", ";
  }
  absl::StrAppend(&text, "], \"customer\": \"", absl::Hex(random.Next(), absl::kZeroPad16), "\"}");
  return text;
}

std::string KeyOf(uint64_t number, uint64_t keys) { return absl::StrCat("customer-", Sequence(number).Next() % keys); }

}  // namespace testing_bench
