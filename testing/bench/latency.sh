#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How long a row takes from its commit to its acknowledgement, at 1,000 rows a
# second.
# latency.sh --help has the options.
exec "$(dirname "${BASH_SOURCE[0]}")/run" latency "$@"
