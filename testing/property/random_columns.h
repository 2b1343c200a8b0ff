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

// What not every server has.
struct ServerTypes {
  bool mariadb = false;
  bool json = true;  // of MySQL; on MariaDB it is a LONGTEXT
  bool vectors = true;
  bool gb18030 = true;
};

// Tables that together have every column type of the server, at its edges.
std::vector<RandomTable> AllTypes(const ServerTypes& server);
// The temporal types alone, for servers that can store them in an older format.
RandomTable TemporalTypes(const ServerTypes& server);

}  // namespace testing_property

#endif  // TESTING_PROPERTY_RANDOM_COLUMNS_H_
