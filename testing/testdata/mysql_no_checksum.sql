-- server: mysql
-- option: --binlog-checksum=NONE
-- option: --binlog-row-metadata=FULL
-- option: --gtid-mode=OFF
-- option: --enforce-gtid-consistency=OFF
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
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('anonymous', '1');
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('two', '2');
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('three', '3');
COMMIT;
