-- server: mysql
-- option: --binlog-row-metadata=FULL
-- option: --binlog-row-value-options=PARTIAL_JSON
CREATE DATABASE app;
USE app;
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  batch_id CHAR(36) NULL,
  push_started_at DATETIME NULL,
  push_completed_at DATETIME NULL,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL,
  payload_headers JSON NULL,
  push_attempts TINYINT NOT NULL DEFAULT 0,
  errored TINYINT NOT NULL DEFAULT 0,
  error_reason VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  partition_key VARCHAR(255) NOT NULL DEFAULT '',
  `key` VARCHAR(255) NOT NULL DEFAULT ''
);
-- record
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('whole', '[1, 2, 3, {"a": [4, 5], "filler": "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}]');
UPDATE kafka_outbox SET payload_json = JSON_REPLACE(payload_json, '$[last-1]', 9);
UPDATE kafka_outbox SET payload_json = JSON_REPLACE(payload_json, '$[last].a[last]', 8);
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$[last].a[last-7]', 7);
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$[last].a[last-0]', 6);
UPDATE kafka_outbox SET payload_json = JSON_REMOVE(payload_json, '$[last-2]');
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$[last-99]', 'first');
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$[99]', 'last');
UPDATE kafka_outbox SET payload_json = JSON_REMOVE(payload_json, '$[last]', '$[last].a[last-0]');
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$[0][last]', 'second');
COMMIT;
UPDATE kafka_outbox SET payload_json = JSON_REPLACE(payload_json, '$[last].a[last]', 1), topic = 'alone';
