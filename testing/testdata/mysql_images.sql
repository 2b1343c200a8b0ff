-- server: mysql
-- option: --binlog-row-image=MINIMAL
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
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('minimal', '{"a": 1, "b": "xxxxxxxxxxxxxxxxxxxx"}');
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json, `key`) VALUES ('updated', '{"a": 1, "b": "yyyyyyyyyyyyyyyyyyyy"}', 'k');
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$.a', 2) WHERE topic = 'updated';
UPDATE kafka_outbox SET payload_json = JSON_SET(payload_json, '$.c', 'new'), topic = 'updated twice' WHERE topic = 'updated';
COMMIT;
UPDATE kafka_outbox SET payload_json = JSON_REPLACE(payload_json, '$.a', 9) WHERE topic = 'minimal';
SET binlog_row_image = NOBLOB;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('noblob', '{}');
UPDATE kafka_outbox SET topic = 'noblob, updated' WHERE topic = 'noblob';
UPDATE kafka_outbox SET errored = 1 WHERE id = 1;
UPDATE kafka_outbox SET errored = 0 WHERE id = 1;
DELETE FROM kafka_outbox WHERE id = 1;
