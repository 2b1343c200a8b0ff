#!/usr/bin/env bash
# Gathers the root file system of the outbox-relay image: the binary and what it needs at run time, nothing else.
#
#   deploy/image_root.sh BINARY DIRECTORY      DIRECTORY must not exist
#
# Besides the shared libraries that ldd names, the binary loads some by name while it runs, which is where such images
# break: libmariadb's authentication plugins (caching_sha2_password is one) and glibc's charset converters.
set -euo pipefail

[ $# -eq 2 ] || { sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2; }
binary=$1 root=$2
source_tree=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
die() { printf 'image_root: %s\n' "$*" >&2; exit 1; }
[ -x "$binary" ] || die "$binary is not an executable file: build it first (bazel build -c opt //:outbox-relay)"
[ ! -e "$root" ] || die "$root exists already"

# A usr-merged root, as Debian's.
mkdir -p "$root"/usr/{bin,lib,lib64} "$root"/{etc,go/bin} "$root"/etc/ssl/certs "$root"/usr/lib/ssl
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"
ln -s usr/bin "$root/bin"
mkdir -m 1777 "$root/tmp"

install -m 755 "$binary" "$root/usr/bin/outbox-relay"
strip --strip-unneeded "$root/usr/bin/outbox-relay"
# Where the polling relay's image has its binary: its users' cron jobs run /go/bin/app --cleanup.
ln -s /usr/bin/outbox-relay "$root/go/bin/app"

taken=()   # files of the build machine that went in, for their packages' licences
# take FILE…: copies each under its own path, through links in the folders, as a plain file.
take() {
  local file folder
  for file in "$@"; do
    folder=$(realpath "$(dirname "$file")")
    [ -e "$root$folder/$(basename "$file")" ] && continue
    install -D -m 644 "$file" "$root$folder/$(basename "$file")"
    # dpkg knows some files of a usr-merged system by their old place.
    taken+=("$folder/$(basename "$file")" "${folder#/usr}/$(basename "$file")")
  done
}

# libraries FILE…: the shared libraries of each, by ldd.
libraries() {
  local file list
  for file in "$@"; do
    list=$(ldd "$file") || die "ldd $file failed"
    ! grep 'not found' <<<"$list" >&2 || die "$file: a shared library is missing on this machine"
    awk '$2 == "=>" { print $3 } $1 ~ /^\// { print $1 }' <<<"$list"
  done
}

mapfile -t libs < <(libraries "$root/usr/bin/outbox-relay" | sort -u)
[ ${#libs[@]} -gt 0 ] || die "ldd names no library of $binary"
take "${libs[@]}"
chmod 755 "$root"/usr/lib64/ld-*.so* "$root"/usr/lib/ld-*.so* 2>/dev/null || true

lib_of() { printf '%s\n' "${libs[@]}" | grep -m 1 "/$1" || true; }
mariadb=$(lib_of libmariadb.so)
if [ -n "$mariadb" ]; then
  # Not the GSSAPI one: it would bring Kerberos along.
  for plugin in caching_sha2_password sha256_password client_ed25519 mysql_clear_password; do
    file=$(dirname "$mariadb")/libmariadb3/plugin/$plugin.so
    [ -e "$file" ] || die "$file is missing: install libmariadb3"
    mapfile -t more < <(libraries "$file")
    take "$file" "${more[@]}"
  done
fi
gconv=$(dirname "$(realpath "$(lib_of libc.so.6)")")/gconv
[ -d "$gconv" ] || die "no gconv folder beside glibc: charsets other than UTF-8 could not be converted"
mkdir -p "$root$gconv"
cp -rL "$gconv/." "$root$gconv"

# Certificates of public authorities, where OpenSSL looks for them.
[ -s /etc/ssl/certs/ca-certificates.crt ] || die "/etc/ssl/certs/ca-certificates.crt is missing: install ca-certificates"
install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"

printf 'root:x:0:0:root:/:/nonexistent\nrelay:x:65532:65532:outbox-relay:/tmp:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\nrelay:x:65532:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# The licences of what is inside, and its packages in the form that scanners of images read.
mkdir -p "$root/usr/share/doc/outbox-relay" "$root/var/lib/dpkg/status.d"
install -m 644 "$source_tree/LICENSE" "$root/usr/share/doc/outbox-relay/"
for name in abseil librdkafka; do
  for file in LICENSE LICENSES.txt; do
    [ -e "$source_tree/.deps/$name/$file" ] || continue
    install -D -m 644 "$source_tree/.deps/$name/$file" "$root/usr/share/doc/$name/$file"
  done
done
for package in ca-certificates $(dpkg-query -S "${taken[@]}" 2>/dev/null | sed 's/:.*//' | grep -v , | sort -u); do
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package" 2>/dev/null || continue
  [ -e "/usr/share/doc/$package/copyright" ] || continue
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done

printf 'image_root: %s: %s, the binary %s\n' "$root" "$(du -sh "$root" | cut -f 1)" \
  "$(du -h "$root/usr/bin/outbox-relay" | cut -f 1)"
