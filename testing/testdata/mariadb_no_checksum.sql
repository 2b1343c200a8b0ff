-- server: mariadb 10.11
-- option: --binlog-row-metadata=NO_LOG
-- option: --binlog-checksum=NONE
-- option: --binlog-annotate-row-events=OFF
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
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('plain', '1');
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('two', '2'), ('three', '3');
