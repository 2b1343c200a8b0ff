-- server: mariadb 11.8
-- option: --binlog-row-metadata=FULL
-- option: --log-bin-compress=ON
-- option: --log-bin-compress-min-len=10
CREATE DATABASE app;
USE app;
-- record
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

BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('compressed', CONCAT('{"text": "', REPEAT('abcdefgh', 100), '"}'));
UPDATE kafka_outbox SET `key` = 'late';
COMMIT;
DELETE FROM kafka_outbox;
SET binlog_format = STATEMENT;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('statement', '2');
