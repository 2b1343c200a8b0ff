#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The README's two commands as a new user runs them: in a Debian made from
# nothing but its base, in a fresh clone of this checkout's HEAD. As root.
#
#   testing/bare_debian.sh DIRECTORY [TIER...]
#
# DIRECTORY is made, and kept: run again, it is brought up to HEAD and begins
# warm. The demo runs twice, since its first run builds.
set -euo pipefail
if [[ $# -eq 0 || $1 == -* ]]; then
  sed -n '3,9s/^# \{0,1\}//p' "$0"
  [[ ${1-} == --help ]] && exit 0 || exit 2
fi
root=$(realpath -m "$1")
shift
clone=/root/outbox-relay
checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

if [[ ! -d $root/etc/apt ]]; then
  debootstrap --variant=minbase bookworm "$root"
  # What this machine needs to reach its mirrors, and no package.
  for file in /etc/resolv.conf /etc/hosts /etc/pip.conf \
              /etc/apt/apt.conf.d/*proxy* /etc/apt/apt.conf.d/9* \
              /usr/local/share/ca-certificates/*; do
    [[ ! -f $file ]] || install -D -m 644 "$file" "$root$file"
  done
fi

inside() {
  # With process ids of its own: what a command leaves running ends with it.
  # shellcheck disable=SC2016
  unshare --mount --pid --fork --kill-child bash -ec '
    root=$1
    shift
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    mount -t sysfs sysfs "$root/sys"
    exec chroot "$root" env -i HOME=/root TERM=dumb LANG=C.UTF-8 \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
  ' - "$root" "$@"
}

inside sh -ec '
  apt-get -q update
  apt-get -qy install --no-install-recommends ca-certificates git
  update-ca-certificates'
mkdir -p "$root$clone"
git -C "$checkout" bundle create -q "$root/root/head.bundle" HEAD
inside sh -ec "
  cd $clone
  git init -q
  git fetch -q /root/head.bundle HEAD
  git checkout -qf --detach FETCH_HEAD
  git clean -qfd"
for run in first second; do
  echo "== the $run deploy/demo.sh"
  inside "$clone/deploy/demo.sh"
done
echo '== testing/run.sh'
inside "$clone/testing/run.sh" "$@"
