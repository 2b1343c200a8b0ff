#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The rate at which a backlog of 1,000,000 rows of 1 KB is drained into a real
# broker, beside the machine's own limits for the same rows.
# throughput.sh --help has the options.
exec "$(dirname "${BASH_SOURCE[0]}")/run" throughput "$@"
