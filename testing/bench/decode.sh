#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How fast a binlog file becomes rows, beside mysqlbinlog and memcpy.
# decode.sh [TRANSACTIONS]
exec "$(dirname "${BASH_SOURCE[0]}")/run" decode "$@"
