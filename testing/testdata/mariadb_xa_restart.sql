-- server: mariadb 10.11
-- option: --binlog-row-metadata=FULL
-- whole
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
-- session: b
XA START 'before';
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('prepared in a log that is gone', '0');
XA END 'before';
XA PREPARE 'before';
-- session: c
FLUSH BINARY LOGS;
PURGE BINARY LOGS BEFORE '2099-01-01';
-- record-here
XA START 'committed';
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('committed behind the restart', '1');
XA END 'committed';
XA PREPARE 'committed';
-- session: d
XA START 'rolled back';
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('rolled back behind the restart', '2');
XA END 'rolled back';
XA PREPARE 'rolled back';
-- restart
-- session: e
XA COMMIT 'before';
XA COMMIT 'committed';
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('plain', '3');
XA ROLLBACK 'rolled back';
