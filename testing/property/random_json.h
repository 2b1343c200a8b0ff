// SPDX-License-Identifier: Apache-2.0
#ifndef TESTING_PROPERTY_RANDOM_JSON_H_
#define TESTING_PROPERTY_RANDOM_JSON_H_

#include <string>

#include "testing/property/random_source.h"

namespace testing_property {

// A JSON text, to be given to the server as a string.
std::string RandomJsonText(RandomSource& random);

// An SQL expression of type JSON for MySQL: texts, and what only functions make (decimals, dates, times, opaque bytes).
std::string RandomJsonExpression(RandomSource& random);

// An SQL expression that changes the JSON column `column` in part: JSON_SET, JSON_REPLACE, JSON_REMOVE nested.
std::string RandomJsonChange(RandomSource& random, const std::string& column);

}  // namespace testing_property

#endif  // TESTING_PROPERTY_RANDOM_JSON_H_
