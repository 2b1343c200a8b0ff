-- server: mariadb 11.8
-- option: --binlog-row-metadata=FULL
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
CREATE TABLE orders (id INT PRIMARY KEY);
-- record
XA START 'one', 'branch', 7;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('one', '1');
XA END 'one', 'branch', 7;
XA PREPARE 'one', 'branch', 7;
-- session: b
USE app;
XA START 'two';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('two', '2');
XA END 'two';
XA PREPARE 'two';
-- session: c
USE app;
XA START 'foreign';
INSERT INTO orders VALUES (1);
XA END 'foreign';
XA PREPARE 'foreign';
-- session: d
USE app;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('meanwhile', '3');
XA START 'phase';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('one phase', '4');
XA END 'phase';
XA COMMIT 'phase' ONE PHASE;
-- session: b
XA ROLLBACK 'two';
-- session: a
XA COMMIT 'one', 'branch', 7;
-- session: c
XA COMMIT 'foreign';
