#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# dependencies.sh [PACKAGE...]: installs from Debian what fetching, running and
# looking into the private servers needs, and the packages named. Does
# nothing, and asks nobody, when all is there.
set -euo pipefail

packages=(curl debian-archive-keyring kcat maven openjdk-17-jre-headless openssl
          python3 python3-confluent-kafka python3-pymysql python3-pytest "$@")
as_root=()
[[ $EUID -eq 0 ]] || as_root=(sudo)
# Without its lists, as in images, apt knows no mirror to fetch servers from.
[[ -n $(apt-get indextargets 2>/dev/null) ]] ||
  "${as_root[@]}" apt-get update -qq || echo 'apt-get update failed' >&2
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
    grep -qx installed || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

echo "installing ${missing[*]} …" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o DPkg::Lock::Timeout=600 \
  --no-install-recommends "${missing[@]}" >/dev/null
