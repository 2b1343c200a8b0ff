-- server: mysql
-- option: --binlog-transaction-compression=ON
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

INSERT INTO kafka_outbox (topic, payload_json) VALUES ('small', '{"n": 1}');
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) SELECT 'many', JSON_OBJECT('n', n, 'text', REPEAT('abcdefgh', 40)) FROM (WITH RECURSIVE r AS (SELECT 1 n UNION ALL SELECT n + 1 FROM r WHERE n < 60) SELECT n FROM r) x;
UPDATE kafka_outbox SET `key` = 'late' WHERE topic = 'many' AND id % 20 = 0;
COMMIT;
CREATE TABLE other (a INT);
INSERT INTO other VALUES (1), (2);
