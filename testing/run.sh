#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests, tier by tier; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tiers=(servers unit sanitizers tsan thread-safety fuzz
       integration-mysql integration-mariadb deploy)

usage() {
  cat <<'HELP'
usage: testing/run.sh [--quick] [TIER...]

Runs every tier, or the named ones, in this order:

  servers              the private servers, and bazel tests that talk to them
  unit                 bazel test //..., with the system's g++
  sanitizers           the same with clang, AddressSanitizer and UBSan
  tsan                 the same with clang and ThreadSanitizer
  thread-safety        clang's analysis of ABSL_GUARDED_BY, as errors
  fuzz                 each libFuzzer target for twenty seconds
  integration-mysql    the relay between a real MySQL and a real Kafka
  integration-mariadb  the same with MariaDB
  deploy               the image, run once; the Helm chart, its alerts, the examples

--quick leaves out sanitizers, tsan, fuzz and deploy, when no tier is named.

OUTBOX_PROPERTY_ROWS=20000 makes the rows and documents that the servers tier
holds against SELECT as many (default 2000); OUTBOX_PROPERTY_SEED has the same
ones again.

Installs what it needs from Debian. What can't be fetched is said in one line
and its tests are counted as skipped, by name. The last line counts:
"N passed, N failed, N skipped"; the exit code is 0 when none failed.
HELP
}

quick=
chosen=()
for argument in "$@"; do
  case $argument in
    --help | -h) usage; exit 0 ;;
    --quick) quick=1 ;;
    *)
      if [[ " ${tiers[*]} " != *" $argument "* ]]; then
        echo "run.sh: no tier '$argument' (${tiers[*]})" >&2
        exit 2
      fi
      chosen+=("$argument")
      ;;
  esac
done
if [[ ${#chosen[@]} -eq 0 ]]; then
  chosen=("${tiers[@]}")
  [[ -z $quick ]] ||
    chosen=(servers unit thread-safety integration-mysql
            integration-mariadb)
fi

deploy/dependencies.sh
testing/servers/dependencies.sh clang-14 libclang-rt-14-dev llvm-14

# Everything temporary goes with this process, killed or not.
work=$(mktemp -d /tmp/outbox-relay-XXXXXX)
setsid /usr/bin/python3 testing/servers/temporary_directory.py $$ "$work" \
  </dev/null >/dev/null 2>&1 &
cache=${OUTBOX_RELAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outbox-relay}
bazel_options=(--disk_cache="$cache/bazel-disk" --show_progress_rate_limit=30
               --color=no --curses=no --noshow_loading_progress)
[[ ! -d /usr/share/bazel/rules/java ]] || bazel_options+=(--config=debian)

# Runs a command that ends when this script does, its output on ours.
supervised() {
  /usr/bin/python3 testing/servers/supervisor.py $$ "$@" 2>&1 >/dev/null
}

results() { /usr/bin/python3 -B testing/results.py "$@"; }

# bazel_tier TIER COMMAND OPTION...: leaves its count in $work.
bazel_tier() {
  local tier=$1 command=$2 code=0
  shift 2
  supervised bazel --max_idle_secs=300 "$command" "${bazel_options[@]}" \
    --build_event_json_file="$work/$tier.bazel.json" --keep_going "$@" ||
    code=$?
  results read "$work/$tier.bazel.json" "$code"
}

# pytest_tier TIER ARGUMENT...: leaves its count in $work.
pytest_tier() {
  local tier=$1 code=0
  shift
  supervised /usr/bin/python3 -B -m pytest -p no:cacheprovider -q -rs \
    --tb=short --junit-xml="$work/$tier.pytest.xml" "$@" || code=$?
  results read "$work/$tier.pytest.xml" "$code"
}

# fail TIER NAME: counts a failure that no test can tell of.
fail() {
  echo "FAILED: $2" >&2
  results note "$(mktemp "$work/$1.XXXXXX")" failed "$2"
}

# find_targets TIER QUERY: sets `targets`. A query that fails or finds nothing
# fails the tier: its tests would be lost without a word.
find_targets() {
  local found='' code=0
  targets=()
  found=$(bazel --max_idle_secs=300 query "$2" 2>"$work/query.log") || code=$?
  if [[ $code -ne 0 || -z $found ]]; then
    cat "$work/query.log" >&2
    fail "$1" "bazel query '$2' ended with $code and found ${found:-nothing}"
    return
  fi
  mapfile -t targets <<<"$found"
}

# start_server TIER KIND PREFIX: sets PREFIXport and others. PREFIXport is empty
# when the server cannot be had (exit code 3, which is said): tests are skipped.
start_server() {
  local values code=0
  printf -v "$3port" ''
  values=$(testing/servers/"$2" start --owner $$ --prefix "$3") || code=$?
  case $code in
    0) eval "$values" ;;
    3) ;;
    *) fail "$1" "testing/servers/$2 start ended with $code" ;;
  esac
}

# Targets tagged servers; they know their server by variables, in two manners.
servers_tier() {
  pytest_tier servers testing/servers testing/results_test.py
  local targets single kind
  local environment=(--local_test_jobs=1 --test_env=OUTBOX_PROPERTY_ROWS
                     --test_env=OUTBOX_PROPERTY_SEED)
  find_targets servers 'attr(tags, "\bservers\b", tests(//...))'
  [[ ${#targets[@]} -gt 0 ]] || return 0
  mapfile -t single < <(printf '%s\n' "${targets[@]}" | grep '_server_test$')
  start_server servers mysql MYSQL_
  start_server servers mariadb MARIADB_
  start_server servers kafka KAFKA_
  [[ -z $KAFKA_port ]] ||
    environment+=(--test_env="OUTBOX_TEST_KAFKA=127.0.0.1:$KAFKA_port")
  for kind in MYSQL MARIADB; do
    local port=${kind}_port
    [[ -z ${!port} ]] || environment+=(
      --test_env="OUTBOX_TEST_${kind}_PORT=${!port}"
      --test_env="OUTBOX_TEST_${kind}_USER=admin"
      --test_env="OUTBOX_TEST_${kind}_PASSWORD=admin")
  done
  for kind in MYSQL MARIADB; do
    local port=${kind}_port authority=${kind}_ca server=()
    [[ -z ${!port} ]] || server=(
      --test_env="OUTBOX_RELAY_TEST_SERVER=127.0.0.1:${!port}:admin:admin"
      --test_env="OUTBOX_RELAY_TEST_CA=${!authority}")
    bazel_tier "servers.$kind" test "${environment[@]}" "${server[@]}" \
      "${targets[@]}"
    targets=("${single[@]}")  # the others know both servers at once
  done
}

fuzz_tier() {
  local target targets name outcome words
  find_targets fuzz 'kind(cc_binary, //testing/fuzz:all)'
  [[ ${#targets[@]} -gt 0 ]] || return 0
  bazel_tier fuzz.build build --config=fuzz "${targets[@]}"
  for target in "${targets[@]}"; do
    name=${target##*:}
    mkdir -p "$work/corpus/$name"
    outcome=passed
    words=()
    [[ ! -e testing/fuzz/$name.dict ]] || words=(-dict="testing/fuzz/$name.dict")
    supervised "bazel-bin/testing/fuzz/$name" -max_total_time=20 "${words[@]}" \
      -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -verbosity=0 \
      -artifact_prefix="${TMPDIR:-/tmp}/$name-" \
      "$work/corpus/$name" "testing/fuzz/corpus/$name" ||
      outcome=failed
    results note "$work/fuzz.$name" "$outcome" "$name"
  done
}

# integration_tier TIER ARGUMENT...: builds the relay and tests it as a process.
integration_tier() {
  bazel_tier "$1.build" build --compilation_mode=opt //relay:outbox-relay
  pytest_tier "$1" testing/integration "${@:2}"
}

run_tier() {
  case $1 in
    servers) servers_tier ;;
    unit) bazel_tier "$1" test //... ;;
    sanitizers) bazel_tier "$1" test --config=asan //... ;;
    tsan) bazel_tier "$1" test --config=tsan //... ;;
    thread-safety) bazel_tier "$1" build --config=thread-safety //... ;;
    fuzz) fuzz_tier ;;
    integration-*) integration_tier "$1" --database="${1#integration-}" ;;
    deploy)
      testing/deploy/dependencies.sh || echo "what is missing is skipped"
      pytest_tier "$1" testing/deploy
      ;;
  esac
}

status=0
for tier in "${chosen[@]}"; do
  echo "== $tier"
  started=$SECONDS
  run_tier "$tier"
  echo "== $tier took $((SECONDS - started)) s"
done
results sum "$work" "${chosen[@]}" || status=$?
exit $status
