#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Shows rows of kafka_outbox arriving in Kafka, on a private MySQL and a private
# broker, from nothing but Debian and this clone.
#
#   deploy/demo.sh          shows it and ends
#   deploy/demo.sh --keep   leaves all running until Ctrl-C, and prints how to
#                           reach it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

keep=
case ${1-} in
  '') ;;
  --keep) keep=1 ;;
  *) sed -n '3,8s/^# \{0,1\}//p' "$0"; [[ $1 == --help ]] && exit 0 || exit 2 ;;
esac

cache=${OUTBOX_RELAY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/outbox-relay}
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

# within SECONDS WHAT COMMAND...: polls until the command succeeds.
within() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    ((SECONDS < end)) || die "not within time: $what"
    kill -0 "$relay_pid" 2>/dev/null || { cat "$work/relay.log" >&2; die 'the relay ended'; }
    sleep 0.1
  done
}

say '1. What is needed'
deploy/dependencies.sh
# MySQL and Kafka come while the relay is built. They end with this script.
fetch_servers() {
  testing/servers/dependencies.sh
  testing/servers/kafka fetch --owner $$ &
  testing/servers/mysql fetch --owner $$
  wait $!
}
fetch_servers > >(sed -u 's/^/servers: /' >&2) 2>&1 &
fetching=$!
bazel build --disk_cache="$cache/bazel-disk" \
  --compilation_mode=opt --show_progress_rate_limit=5 --noshow_loading_progress \
  //relay:outbox-relay
wait "$fetching" || die 'the demo needs a MySQL and a broker'

say '2. A private MySQL and a private Kafka'
# Both end, and their directories go, when this script does.
values=$(testing/servers/mysql start --owner $$ --prefix mysql_) ||
  die 'the demo needs a MySQL'
eval "$values"
values=$(testing/servers/kafka start --owner $$ --prefix kafka_) ||
  die 'the demo needs a broker'
eval "$values"
work=$mysql_directory
mysql=("$cache/mysql-sid/usr/bin/mysql" --no-defaults --socket="$mysql_socket"
       --user=root --default-character-set=utf8mb4)
sql() { "${mysql[@]}" --table shop; }
value() { "${mysql[@]}" --batch --skip-column-names shop -e "$1"; }
"${mysql[@]}" <<'SQL'
CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE USER relay@'%' IDENTIFIED BY 'relay';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO relay@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON shop.* TO relay@'%';
SQL
echo "MySQL $(value 'SELECT VERSION()') on port $mysql_port, Kafka on $kafka_address"

say '3. The relay'
http_port=$(/usr/bin/python3 -c '
from testing.servers.free_port import free_port; print(free_port())')
export DB_HOST=127.0.0.1 DB_PORT=$mysql_port DB_USER=relay DB_PASS=relay DB_NAME=shop
export KAFKA_HOST=$kafka_address
settings=(--http-port="$http_port" --retention=10s --checkpoint-interval=200ms)
echo "DB_HOST=$DB_HOST DB_PORT=$DB_PORT DB_USER=relay DB_PASS=… DB_NAME=shop KAFKA_HOST=$KAFKA_HOST \\"
echo "  outbox-relay ${settings[*]}"
/usr/bin/python3 testing/servers/supervisor.py $$ \
  bazel-bin/relay/outbox-relay "${settings[@]}" \
  >"$work/relay.pid" 2>"$work/relay.log" &
relay_pid=$!
get() { curl -sf "http://127.0.0.1:$http_port$1"; }
within 30 'the relay is ready' get /readyz >/dev/null
checkpoint() {
  "${mysql[@]}" --vertical --commands shop -e "SELECT server_uuid, gtids,
    log_file, log_offset, saved_at FROM kafka_outbox_checkpoint"
}
echo 'ready; its checkpoint, in the table kafka_outbox_checkpoint:'
checkpoint

say '4. Inserts, committed and rolled back'
for topic in orders customers; do
  kcat -b "$kafka_address" -L -t "$topic" >/dev/null 2>&1 || true # makes it
done
cat >"$work/inserts.sql" <<'SQL'
CREATE TABLE IF NOT EXISTS orders (id INT PRIMARY KEY, total DECIMAL(8,2));
BEGIN;
INSERT INTO orders VALUES (1, 12.50);
INSERT INTO kafka_outbox (topic, `key`, payload_json, payload_headers)
  VALUES ('orders', 'order-1', '{"id": 1, "total": 12.50}', '{"traceparent": "00-4bf92f35-01"}');
COMMIT;
BEGIN;
INSERT INTO orders VALUES (2, 99.00);
INSERT INTO kafka_outbox (topic, `key`, payload_json, payload_headers)
  VALUES ('orders', 'order-2', '{"id": 2, "note": "rolled back"}', '{}');
ROLLBACK;
BEGIN;
INSERT INTO kafka_outbox (topic, `key`, partition_key, payload_json, payload_headers)
  VALUES ('customers', 'Zoë', 'tenant-7', '{"name": "Zoë 🐘", "city": "Łódź"}', '{"attempt": 1, "note": "ünïcode"}');
INSERT INTO kafka_outbox (topic, `key`, partition_key, payload_json, payload_headers)
  VALUES ('customers', '', 'tenant-7', '[1, 2.0, null, true]', '{}');
COMMIT;
SQL
cat "$work/inserts.sql"
place() { value 'SELECT log_file, log_offset FROM kafka_outbox_checkpoint'; }
place_before=$(place)
"${mysql[@]}" shop <"$work/inserts.sql"

say '5. The rows, and the records as kcat sees them'
sql <<'SQL'
SELECT id, topic, `key`, partition_key, payload_json, payload_headers FROM kafka_outbox ORDER BY id;
SQL
records() {
  local topic
  for topic in orders customers; do
    kcat -C -b "$kafka_address" -t "$topic" -o beginning -e -q \
      -f "%t[%p]@%o  key=%k  headers=%h  value=%s\n" 2>/dev/null || true
  done
}
three_records() { [[ $(records | wc -l) -ge 3 ]]; }
within 30 'three records arrive' three_records
records

say '6. The checkpoint follows the acknowledgements'
moved() { [[ $(place) != "$place_before" ]]; }
within 30 'the checkpoint moves' moved
checkpoint

say '7. Published rows are pruned (--retention=10s here; 1h unless told)'
echo "rows now: $(value 'SELECT COUNT(*) FROM kafka_outbox')"
empty() { [[ $(value 'SELECT COUNT(*) FROM kafka_outbox') -eq 0 ]]; }
within 120 'published rows are pruned' empty
echo 'rows now: 0'

if [[ -n $keep ]]; then
  say 'Left running until Ctrl-C'
  cat <<TEXT
MySQL   ${mysql[*]} shop
Kafka   kcat -C -b $kafka_address -t orders
relay   http://127.0.0.1:$http_port/  /metrics  /status  (its log: $work/relay.log)

An insert to try:

  ${mysql[*]} shop -e "INSERT INTO kafka_outbox (topic, \\\`key\\\`, payload_json, payload_headers) VALUES ('orders', 'k', '{\"n\": 1}', '{}')"
TEXT
  wait
else
  kill -TERM "$(cat "$work/relay.pid")"
  wait "$relay_pid" || die "the relay ended with $?: $(tail -n 3 "$work/relay.log")"
  say "Done in $SECONDS s. deploy/demo.sh --keep leaves it running."
fi
