#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the tests, tier by tier; see --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tiers=(servers unit sanitizers tsan thread-safety fuzz
       integration-mysql faults integration-mariadb integration-mariadb-11.8
       deploy)

usage() {
  cat <<'HELP'
usage: testing/run.sh [--quick] [TIER...]

Runs every tier, or the named ones, in this order, those of integration and
faults side by side:

  servers              the private servers, and bazel tests that talk to them
  unit                 bazel test //..., with the system's g++
  sanitizers           the same with clang, AddressSanitizer and UBSan, and some
                       integration tests with a relay built so; compiled with
                       the analysis of thread-safety
  tsan                 the same with clang and ThreadSanitizer
  thread-safety        clang's analysis of ABSL_GUARDED_BY alone, as errors
  fuzz                 each libFuzzer target for 30 s, as many at once as
                       there are processors
  integration-mysql    the relay between a real MySQL and a real Kafka
  faults               the same while something is killed, paused, cut off, or
                       loses its log
  integration-mariadb  both with MariaDB 10.11, but for tests that are about
                       Kafka alone
  integration-mariadb-11.8
                       so with MariaDB 11.8
  deploy               the image, run once; the demo; the Helm chart, its alerts,
                       the examples

With no tier named, thread-safety is left out, which sanitizers has. --quick is
unit and thread-safety: minutes, and no server.

OUTBOX_PROPERTY_ROWS is the number of random rows, and of random documents, that
the servers tier holds against SELECT (20000; a quarter of them on MariaDB 11.8);
OUTBOX_PROPERTY_SEED has the same ones again. OUTBOX_FUZZ_SECONDS is the time of
each fuzzer (30).

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
  for tier in "${tiers[@]}"; do
    [[ $tier == thread-safety ]] || chosen+=("$tier")
  done
  [[ -z $quick ]] ||
    chosen=(unit thread-safety)
fi
export OUTBOX_PROPERTY_ROWS=${OUTBOX_PROPERTY_ROWS:-20000}

deploy/dependencies.sh
testing/servers/dependencies.sh clang-14 libclang-rt-14-dev llvm-14

# Everything temporary goes with this process, killed or not.
work=$(mktemp -d /tmp/outbox-relay-XXXXXX)
setsid /usr/bin/python3 testing/servers/temporary_directory.py $$ "$work" \
  </dev/null >/dev/null 2>&1 &
export TMPDIR=$work
cache=${OUTBOX_RELAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outbox-relay}
bazel_options=(--disk_cache="$cache/bazel-disk" --show_progress_rate_limit=30
               --color=no --curses=no --noshow_loading_progress)

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

# start_server TIER KIND PREFIX [ARGUMENT...]: sets PREFIXport and others.
# PREFIXport is empty when the server cannot be had (exit code 3, which is
# said): its tests are skipped.
start_server() {
  local tier=$1 kind=$2 prefix=$3 values code=0
  shift 3
  printf -v "${prefix}port" ''
  values=$(testing/servers/"$kind" start --owner $$ --prefix "$prefix" "$@") ||
    code=$?
  case $code in
    0) eval "$values" ;;
    3) ;;
    *) fail "$tier" "testing/servers/$kind start $* ended with $code" ;;
  esac
}

# stop_server KIND PREFIX
stop_server() {
  local port=$2port directory=$2directory
  [[ -z ${!port} ]] || testing/servers/"$1" stop "${!directory}"
}

# name_server PREFIX KIND: adds to `variables` the server of its kind.
name_server() {
  local port=$1port
  [[ -z ${!port} ]] || variables+=(
    --test_env="OUTBOX_TEST_$2_PORT=${!port}"
    --test_env="OUTBOX_TEST_$2_USER=admin"
    --test_env="OUTBOX_TEST_$2_PASSWORD=admin")
}

# name_single_server PREFIX: adds to `variables` the only server of some tests.
name_single_server() {
  local port=$1port authority=$1ca
  [[ -z ${!port} ]] || variables+=(
    --test_env="OUTBOX_RELAY_TEST_SERVER=127.0.0.1:${!port}:admin:admin"
    --test_env="OUTBOX_RELAY_TEST_CA=${!authority}")
}

# Targets tagged servers; they know their server by variables, in two manners:
# an x_server_test knows one, the others one of each kind.
servers_tier() {
  pytest_tier servers testing/servers testing/results_test.py \
    testing/guarantees_test.py
  local targets target variables=() single=() brokers=() both=() property=()
  find_targets servers 'attr(tags, "\bservers\b", tests(//...))'
  [[ ${#targets[@]} -gt 0 ]] || return 0
  for target in "${targets[@]}"; do
    case $target in
      *_server_test) single+=("$target") ;;
      *_broker_test) brokers+=("$target") ;;
      *_property_test) property+=("$target") ;;
      *) both+=("$target") ;;
    esac
  done
  local options=(--local_test_jobs=1 --test_env=OUTBOX_PROPERTY_ROWS
                 --test_env=OUTBOX_PROPERTY_SEED)
  start_server servers mysql MYSQL_
  start_server servers mariadb MARIADB_
  start_server servers mariadb MARIADB_11_8_ --version 11.8
  start_server servers kafka KAFKA_
  [[ -z $KAFKA_port ]] ||
    options+=(--test_env="OUTBOX_TEST_KAFKA=127.0.0.1:$KAFKA_port")

  name_server MYSQL_ MYSQL
  name_server MARIADB_ MARIADB
  # Of its 20,000 rows each value is printed by us: optimised, as the relay is.
  bazel_tier servers.property test --compilation_mode=opt "${options[@]}" \
    --local_test_jobs=2 "${variables[@]}" "${property[@]}"
  name_single_server MYSQL_
  bazel_tier servers.mysql test "${options[@]}" "${variables[@]}" \
    "${single[@]}" "${both[@]}" "${brokers[@]}"
  variables=()
  name_single_server MARIADB_
  bazel_tier servers.mariadb test "${options[@]}" "${variables[@]}" \
    --test_filter='-*OnMysqlOnly' "${single[@]}"
  variables=()
  name_server MARIADB_11_8_ MARIADB
  bazel_tier servers.property-11.8 test --compilation_mode=opt \
    "${options[@]}" "${variables[@]}" --test_filter='-*/Mysql' \
    --test_env=OUTBOX_PROPERTY_ROWS=$((OUTBOX_PROPERTY_ROWS / 4)) \
    "${property[@]}"
  name_single_server MARIADB_11_8_
  bazel_tier servers.mariadb-11.8 test "${options[@]}" "${variables[@]}" \
    --test_filter='-*OnMysqlOnly:*/Mysql' "${single[@]}" "${both[@]}"
  stop_server mysql MYSQL_
  stop_server mariadb MARIADB_
  stop_server mariadb MARIADB_11_8_
  stop_server kafka KAFKA_
}

# What the analysis knows: our own code, without its tests, compiled only.
thread_safety_tier() {
  local targets
  find_targets thread-safety "kind('cc_(library|binary)', //relay/... + \
//cdc/... + //kafka/...) except attr(testonly, 1, //...)"
  [[ ${#targets[@]} -eq 0 ]] || bazel_tier thread-safety build \
    --config=thread-safety --output_groups=compilation_outputs "${targets[@]}"
}

fuzz_tier() {
  local target targets running=()
  find_targets fuzz 'kind(cc_binary, //testing/fuzz:all)'
  [[ ${#targets[@]} -gt 0 ]] || return 0
  bazel_tier fuzz.build build --config=fuzz "${targets[@]}"
  for target in "${targets[@]}"; do
    fuzz "${target##*:}" &
    running+=($!)
    [[ ${#running[@]} -lt $(nproc) ]] || { wait "${running[@]}"; running=(); }
  done
  [[ ${#running[@]} -eq 0 ]] || wait "${running[@]}"
}

# fuzz NAME: an input that fails stays in /tmp, and is named.
fuzz() {
  local log=$work/$1.fuzz.log outcome=passed words=()
  mkdir -p "$work/corpus/$1"
  [[ ! -e testing/fuzz/$1.dict ]] || words=(-dict="testing/fuzz/$1.dict")
  supervised "bazel-bin/testing/fuzz/$1" "${words[@]}" -rss_limit_mb=2048 \
    -max_total_time="${OUTBOX_FUZZ_SECONDS:-30}" -timeout=10 -verbosity=0 \
    -print_final_stats=1 -artifact_prefix="/tmp/$1-" \
    "$work/corpus/$1" "testing/fuzz/corpus/$1" >"$log" || outcome=failed
  # What did not run its inputs has shown nothing.
  grep -q 'number_of_executed_units: *[1-9]' "$log" || outcome=failed
  [[ $outcome == passed ]] || tail -n 100 "$log"
  grep 'number_of_executed_units' "$log" | sed "s/^/$1 /" || true
  results note "$work/fuzz.$1" "$outcome" "$1"
}

# About Kafka and no database; they wait for minutes.
kafka_alone=(
  outage_test.py::test_broker_outage_of_a_minute_with_inserts_going_on_loses_nothing
  poison_test.py::test_topic_that_does_not_exist_holds_its_rows_alone_then_poisons_them
  poison_test.py::test_topic_made_within_the_grace_gets_its_rows
  poison_test.py::test_topic_that_is_not_authorised_does_not_stop_the_others
  bad_input_test.py::test_kafka_certificate_of_another_authority
)
# All of the relay's threads at work: what sanitizers are to see.
all_threads=(
  delivery_test.py::test_order_per_partition_is_commit_order_under_eight_concurrent_writers
  resume_test.py::test_graceful_stop_repeats_nothing
  resume_test.py::test_goes_on_after_its_dump_connection_is_killed
  poison_test.py::test_too_large_row_is_recorded_and_its_neighbours_published_once
  outage_test.py::test_producer_that_dies_of_a_fatal_error_is_replaced_and_loses_nothing
  cleanup_test.py::test_published_rows_are_pruned_after_the_retention
  endpoints_test.py::test_health_and_metrics_tell_what_happened
)

# The tiers integration-* and faults: they wait more than they compute, and run
# side by side, each line with the name of its tier.
integration=()
is_integration() { [[ $1 == integration-* || $1 == faults ]]; }

# Builds the relay and tests it as a process.
integration_tiers() {
  local tier running=()
  for tier in "${integration[@]}"; do
    bazel_tier "$tier.build" build --compilation_mode=opt //relay:outbox-relay
  done
  for tier in "${integration[@]}"; do
    integration_tier "$tier" > >(sed -u "s/^/${tier#integration-}: /") &
    running+=($!)
  done
  wait "${running[@]}"
}

integration_tier() {
  local options
  case $1 in
    integration-mysql) options=(--database=mysql -m 'not faults') ;;
    faults) options=(--database=mysql -m faults) ;;
    *)
      options=(--database="${1#integration-}"
               "${kafka_alone[@]/#/--deselect=testing/integration/}")
      ;;
  esac
  pytest_tier "$1" testing/integration "${options[@]}"
}

# sanitized_relay TIER CONFIG: the relay, built so, under some of those tests.
# conftest.py looks for reports in its log.
sanitized_relay() {
  local relay=$work/$1-relay
  bazel_tier "$1.relay.build" build --config="$2" //relay:outbox-relay
  cp -L bazel-bin/relay/outbox-relay "$relay.binary" || return 0
  sed -n 's/.*"\(race:[^\\]*\)\\n".*/\1/p' testing/tsan_suppressions.cc \
    >"$work/tsan.suppressions"
  cat >"$relay" <<SCRIPT
#!/bin/sh
export TSAN_OPTIONS=second_deadlock_stack=1:suppressions=$work/tsan.suppressions
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
exec setarch -R $relay.binary "\$@"
SCRIPT
  chmod +x "$relay"
  OUTBOX_RELAY_BINARY=$relay pytest_tier "$1.relay" \
    "${all_threads[@]/#/testing/integration/}"
}

run_tier() {
  case $1 in
    servers) servers_tier ;;
    unit) bazel_tier "$1" test //... ;;
    sanitizers)
      bazel_tier "$1" test --config=asan //...
      sanitized_relay "$1" asan
      ;;
    tsan)
      bazel_tier "$1" test --config=tsan //...
      sanitized_relay "$1" tsan
      ;;
    thread-safety) thread_safety_tier ;;
    fuzz) fuzz_tier ;;
    integration-* | faults) integration_tiers ;;
    deploy)
      testing/deploy/dependencies.sh || echo "what is missing is skipped"
      pytest_tier "$1" testing/deploy
      ;;
  esac
}

for tier in "${chosen[@]}"; do
  ! is_integration "$tier" || integration+=("$tier")
done
status=0
for tier in "${chosen[@]}"; do
  name=$tier
  if is_integration "$tier"; then
    [[ $tier == "${integration[0]}" ]] || continue
    name=${integration[*]}
  fi
  echo "== $name"
  started=$SECONDS
  run_tier "$tier"
  echo "== $name took $((SECONDS - started)) s"
done
results sum "$work" "${chosen[@]}" || status=$?
exit $status
