-- server: mysql
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
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, n INT);
CREATE VIEW hidden AS SELECT topic, payload_json FROM kafka_outbox;
CREATE TRIGGER hiding AFTER INSERT ON orders FOR EACH ROW INSERT INTO kafka_outbox (topic, payload_json) VALUES ('trigger', CONCAT(NEW.n, ''));
SELECT 'loaded', '{"n": 1}' UNION SELECT 'loaded, too', '[2]' INTO OUTFILE 'rows.txt';
-- record
LOAD DATA INFILE 'rows.txt' INTO TABLE kafka_outbox (topic, payload_json);
INSERT INTO orders (n) VALUES (1);
INSERT INTO hidden VALUES ('view', '2');
SET binlog_format = STATEMENT;
LOAD DATA INFILE 'rows.txt' INTO TABLE kafka_outbox (topic, payload_json);
LOAD DATA INFILE 'rows.txt' INTO TABLE hidden (topic, payload_json);
INSERT INTO orders (n) VALUES (3);
INSERT INTO hidden VALUES ('view', '4');
