// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_PROPERTY_RANDOM_COLUMNS_H_
#define TESTING_PROPERTY_RANDOM_COLUMNS_H_

#include <functional>
#include <string>
#include <vector>

#include "testing/property/random_source.h"

namespace testing_property {

struct RandomColumn {
  std::string declaration;  // "DECIMAL(65,30) UNSIGNED"
  std::function<std::string(RandomSource&)> literal;
};

// The columns of one table.
struct RandomTable {
  std::string name;
  std::vector<RandomColumn> columns;
};

// Tables that together have every column type of the server, at its edges.
// `vectors`: the server has VECTOR.
std::vector<RandomTable> AllTypes(bool mariadb, bool vectors);
// The temporal types alone, for servers that can store them in an older format.
RandomTable TemporalTypes();

}  // namespace testing_property

#endif  // TESTING_PROPERTY_RANDOM_COLUMNS_H_
