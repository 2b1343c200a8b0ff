-- server: mysql
-- option: --binlog-row-metadata=FULL
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

INSERT INTO kafka_outbox (topic, payload_json) VALUES ('first', '1');
ALTER TABLE kafka_outbox ADD note VARCHAR(10) FIRST;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('column in front', '2');
ALTER TABLE kafka_outbox RENAME COLUMN partition_key TO `key`, RENAME COLUMN `key` TO partition_key;
INSERT INTO kafka_outbox (topic, payload_json, `key`) VALUES ('columns traded places', '3', 'k');
CREATE TABLE ghost LIKE kafka_outbox;
ALTER TABLE ghost DROP note;
RENAME TABLE kafka_outbox TO old_outbox, ghost TO kafka_outbox;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('swapped', '4');
CREATE INDEX i ON kafka_outbox (topic);
TRUNCATE kafka_outbox;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('truncated', '5');
DROP TABLE kafka_outbox;
CREATE TABLE other (a INT);
DROP DATABASE app;
