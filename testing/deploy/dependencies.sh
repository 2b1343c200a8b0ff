#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests of deploy/ need of Debian besides testing/servers/dependencies.sh. Does nothing when all is there.
set -euo pipefail

packages=(buildah ca-certificates debootstrap python3-pip python3-pytest python3-yaml systemd)
command -v go >/dev/null || [[ -x /usr/local/go/bin/go ]] || packages+=(golang-go)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
    grep -qx installed || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "installing ${missing[*]} …" >&2
as_root=()
[[ $EUID -eq 0 ]] || as_root=(sudo)
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=600 \
  --no-install-recommends "${missing[@]}" >/dev/null
