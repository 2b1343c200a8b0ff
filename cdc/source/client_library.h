// SPDX-License-Identifier: Apache-2.0
#ifndef CDC_SOURCE_CLIENT_LIBRARY_H_
#define CDC_SOURCE_CLIENT_LIBRARY_H_

namespace cdc {

// Initializes the MariaDB C client once. Its own initialization at the first connection is not safe when two threads
// make theirs at the same time. Any thread; to be called before anything else of the client, also by those who use it
// through another library.
void InitClientLibrary();

}  // namespace cdc

#endif  // CDC_SOURCE_CLIENT_LIBRARY_H_
