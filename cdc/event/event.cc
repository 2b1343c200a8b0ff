// SPDX-License-Identifier: Apache-2.0
#include "cdc/event/event.h"

namespace cdc {

void GtidEvent::CopyTo(Gtid* gtid) const {
  gtid->dialect = dialect;
  gtid->uuid = uuid;
  gtid->tag.assign(tag.data(), tag.size());
  gtid->domain = domain;
  gtid->server_id = server_id;
  gtid->number = number;
}

}  // namespace cdc
