#!/usr/bin/env bash
# Installs what a build of outbox-relay needs on a Debian 12 machine and links the sources it compiles into .deps/.
#
#   deploy/dependencies.sh            build dependencies only
#
# Debian's packages come by apt-get (root, or sudo). Two libraries are compiled from Debian's own source packages: abseil (its binary is not
# instrumented for ThreadSanitizer) and librdkafka (bookworm's 2.0.2 turns ordinary leader changes into fatal errors; trixie's 2.8 crashes on
# some answers of a restarting broker and fails the records of a topic that is missing from one of them).
# Sources are kept in ${OUTBOX_RELAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outbox-relay}, outside the checkout, and are fetched once.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${OUTBOX_RELAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outbox-relay}
packages=(
  g++ dpkg-dev ca-certificates git
  bazel-bootstrap bazel-rules-java bazel-platforms bazel-skylib bazel-rules-proto
  libgoogle-glog-dev libgflags-dev libgtest-dev libgmock-dev libbenchmark-dev
  libmysqlcppconn-dev libmariadb-dev
  libssl-dev liblz4-dev libzstd-dev zlib1g-dev libcurl4-openssl-dev
  nlohmann-json3-dev libroaring-dev prometheus-cpp-dev libcivetweb-dev
)

say() { printf 'dependencies: %s\n' "$*"; }
die() { printf 'dependencies: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "'$*' needs root: run as root, or install sudo"; fi
}


# True when Debian's package $1 is installed.
installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'; }

install_packages() {
  local missing=() p
  for p in "${packages[@]}"; do installed "$p" || missing+=("$p"); done
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || die "this script knows Debian's apt-get only; install: ${missing[*]}"
  say "installing ${#missing[@]} packages: ${missing[*]}"
  mkdir -p "$cache"
  exec 8>"$cache/apt.lock"; flock 8
  as_root apt-get -qq update
  DEBIAN_FRONTEND=noninteractive as_root apt-get -qq -y --no-install-recommends install "${missing[@]}" >"$cache/apt-install.log" 2>&1 ||
    { tail -n 20 "$cache/apt-install.log" >&2; die "apt-get install failed; the log is $cache/apt-install.log"; }
  exec 8>&-
}

# source_package NAME SUITE [OPTION]: unpacks Debian's source package into $cache/src/NAME-SUITE, verified by apt against Debian's signature.
source_package() {
  local name=$1 suite=$2 unpack="--no-check -x ${3:-}" apt site dir=$cache/src/$1-$2
  [ -e "$dir" ] && return 0
  mkdir -p "$cache/src"
  exec 8>"$dir.lock"; flock 8
  if [ ! -e "$dir" ]; then
    say "fetching the source of $name ($suite)"
    rm -rf "$cache/src/.$name."*   # of a run that was killed
    apt=$(mktemp -d "$cache/src/.$name.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$apt'" EXIT
    mkdir -p "$apt"/{state/lists/partial,cache/archives/partial,empty,out}
    : >"$apt/status"
    site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | head -n 1)
    [ -n "$site" ] || die "apt-get knows no Debian archive: run 'apt-get update' and look at /etc/apt/sources.list"
    echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main" >"$apt/sources.list"
    # A mirror that lags by days is good enough for a source; its signature is checked all the same.
    local o=(-qq -o "Dir::State=$apt/state" -o "Dir::State::lists=$apt/state/lists" -o "Dir::State::status=$apt/status"
      -o "Dir::Cache=$apt/cache" -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=$apt/empty"
      -o "Dir::Etc::preferencesparts=$apt/empty" -o APT::Update::Error-Mode=any -o Acquire::Check-Valid-Until=false -o APT::Sandbox::User=root
      -o "DPkg::Source-Options=$unpack")
    apt-get "${o[@]}" update || die "no source list for $suite from $site"
    (cd "$apt/out" && apt-get "${o[@]}" source "$name" >"$apt/log" 2>&1) || { cat "$apt/log" >&2; die "apt-get source $name failed"; }
    mv "$(find "$apt/out" -mindepth 1 -maxdepth 1 -type d | head -n 1)" "$dir"
    rm -rf "$apt"; trap - EXIT
  fi
  exec 8>&-
}

install_packages
if [ ! -e "$cache/src/abseil-bookworm" ] || [ ! -e "$cache/src/librdkafka-forky" ]; then
  # Lists that were cleaned, as in images, tell of no archive.
  [ -n "$(apt-get indextargets 2>/dev/null)" ] || as_root apt-get -qq update
fi
source_package abseil bookworm &
abseil=$!
# Without Debian's patches, which build against libraries that bookworm lacks.
source_package librdkafka forky --skip-patches
wait "$abseil"
mkdir -p "$root/.deps"
ln -sfn "$cache/src/abseil-bookworm" "$root/.deps/abseil"
ln -sfn "$cache/src/librdkafka-forky" "$root/.deps/librdkafka"
# So that a plain `bazel build` works with Debian's Bazel (.bazelrc imports it).
if [ -d /usr/share/bazel/rules/java ]; then echo 'build --config=debian'; fi >"$root/.deps/bazelrc"
