// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_HELP_TEXT_H_
#define RELAY_CONFIG_HELP_TEXT_H_

#include <string>

namespace relay {

// What --help prints: commands, then every setting by group with its variable
// and default. At most 80 columns.
std::string HelpText();

}  // namespace relay

#endif  // RELAY_CONFIG_HELP_TEXT_H_
