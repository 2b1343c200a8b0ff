// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_EVENT_DIALECT_H_
#define CDC_EVENT_DIALECT_H_

namespace cdc {

// Whose server wrote the log, as the number of event types in its format description tells
// (FormatDescription::is_mariadb).
enum class Dialect { kMySql, kMariaDb };

}  // namespace cdc

#endif  // CDC_EVENT_DIALECT_H_
