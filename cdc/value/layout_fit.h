// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_VALUE_LAYOUT_FIT_H_
#define CDC_VALUE_LAYOUT_FIT_H_

#include "absl/status/status.h"
#include "cdc/event/table_map.h"
#include "cdc/value/table_layout.h"

namespace cdc {

// Whether the schema's columns can be those of a table map without names: as many, and each of a type and length that
// is logged so. It refutes a wrong layout, it never proves a right one: columns of one type look alike.
// FailedPrecondition names the first column that does not fit, and the cure.
absl::Status LayoutFits(const TableMap& map, const TableLayout& layout);

}  // namespace cdc

#endif  // CDC_VALUE_LAYOUT_FIT_H_
