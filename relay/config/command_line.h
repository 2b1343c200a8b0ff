// SPDX-License-Identifier: Apache-2.0
#ifndef RELAY_CONFIG_COMMAND_LINE_H_
#define RELAY_CONFIG_COMMAND_LINE_H_

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "relay/config/config.h"
#include "relay/config/settings.h"

namespace relay {

// A command line taken apart, in the way of the polling relay's parser:
//
//   line    = { flag | word } [ "--" { word } ]
//   flag    = ("-" | "--") name [ "=" value | value { value } ]
//
// A value that follows as a word of its own does not begin with "-" unless it
// is a number. A boolean takes one only behind "=", or the words true and
// false; "--no-NAME" turns it off. A list takes all words up to the next flag
// or command. In names "_" counts as "-".
struct CommandLine {
  std::optional<Command> command;
  std::vector<std::string> arguments;  // words behind the command
  // In the order given; one entry a setting, of a repeated flag the last
  // value, of a repeatable one all of them, a line each.
  std::vector<std::pair<const Setting*, std::string>> flags;
  std::vector<std::string> errors;  // a line each
};

// Overwrites the values of secret flags in argv with 'x'.
CommandLine ParseCommandLine(int argc, char** argv);

}  // namespace relay

#endif  // RELAY_CONFIG_COMMAND_LINE_H_
