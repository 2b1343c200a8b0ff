-- server: mariadb 11.8
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
CREATE TABLE orders (id INT PRIMARY KEY, amount DECIMAL(10,2));
INSERT INTO kafka_outbox (topic, payload_json, payload_headers, `key`) VALUES ('orders', '{"n":1}', '{"h":"x"}', 'k1');
SET gtid_domain_id = 3;
BEGIN;
INSERT INTO orders VALUES (1, 9.50);
INSERT INTO kafka_outbox (topic, payload_json, partition_key) VALUES ('orders', '{"n": 2}', 'p'), ('grün', '{"s": "日本 😀"}', '');
COMMIT;
SET gtid_domain_id = 0;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('savepoint', '{"n": 3}');
SAVEPOINT s1;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('undone', '{}');
ROLLBACK TO s1;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('behind', NULL);
COMMIT;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('first form', '{"n": 4}');
UPDATE kafka_outbox SET topic = 'last form', payload_headers = '{"late": true}' WHERE topic = 'first form';
COMMIT;
UPDATE kafka_outbox SET errored = 1 WHERE id = 1;
DELETE FROM kafka_outbox WHERE id = 1;
ALTER TABLE kafka_outbox ADD note VARCHAR(10) FIRST;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('column in front', '2');
SET binlog_format = STATEMENT;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('statement', '2');
SET binlog_format = ROW;
CREATE TABLE copy AS SELECT * FROM orders;
TRUNCATE TABLE kafka_outbox;
