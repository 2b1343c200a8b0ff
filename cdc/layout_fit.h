// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_LAYOUT_FIT_H_
#define CDC_LAYOUT_FIT_H_

#include "absl/status/status.h"
#include "cdc/table_layout.h"
#include "cdc/table_map.h"

namespace cdc {

// Whether the schema's columns can be those of a table map without names: as many, and each of a type and length that
// is logged so. It refutes a wrong layout, it never proves a right one: columns of one type look alike.
// FailedPrecondition names the first column that does not fit, and the cure.
absl::Status LayoutFits(const TableMap& map, const TableLayout& layout);

}  // namespace cdc

#endif  // CDC_LAYOUT_FIT_H_
