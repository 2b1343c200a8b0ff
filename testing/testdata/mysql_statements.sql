-- server: mysql
-- option: --binlog-row-metadata=FULL
-- option: --binlog-rows-query-log-events=ON
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
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, n INT);
CREATE FUNCTION hide(t TEXT) RETURNS INT DETERMINISTIC BEGIN INSERT INTO kafka_outbox (topic, payload_json) VALUES (t, '1'); RETURN 1; END;
-- record
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('row', '1');
SET binlog_format = STATEMENT;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('statement', '2');
INSERT INTO orders (n) VALUES (RAND());
SET @v = 5;
UPDATE orders SET n = @v;
SELECT hide('function');
SET binlog_format = ROW;
CREATE TABLE copy AS SELECT * FROM orders;
CREATE TEMPORARY TABLE tmp (a INT);
DROP TEMPORARY TABLE tmp;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('row again', '3');
