// SPDX-License-Identifier: Apache-2.0
#include "cdc/source/client_library.h"

#include <mariadb/mysql.h>

namespace cdc {

void InitClientLibrary() {
  static const int initialized = mysql_server_init(0, nullptr, nullptr);
  (void)initialized;  // a failure shows at the first connection
}

}  // namespace cdc
