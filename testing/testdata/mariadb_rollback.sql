-- server: mariadb 10.11
-- option: --binlog-row-metadata=FULL
-- option: --max-binlog-stmt-cache-size=4096
-- option: --binlog-stmt-cache-size=4096
CREATE DATABASE app;
USE app;
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL
);
CREATE TABLE visits (id INT PRIMARY KEY, who CHAR(200)) ENGINE=MyISAM;
-- record
-- session: b
USE app;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('rolled back, and not logged', '1');
INSERT INTO visits VALUES (1, 'stays');
ROLLBACK;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('rolled back beside a temporary table', '2');
CREATE TEMPORARY TABLE scratch (id INT);
ROLLBACK;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('kept', '3');
SAVEPOINT s;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('undone', '4');
INSERT INTO visits VALUES (2, 'stays');
ROLLBACK TO s;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('behind', '5');
COMMIT;
-- session: c
USE app;
SET binlog_format = STATEMENT;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('a statement, rolled back', '6');
INSERT INTO visits VALUES (3, 'stays');
ROLLBACK;
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('a statement', '7');
SAVEPOINT s;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('a statement, undone', '8');
INSERT INTO visits VALUES (4, 'stays');
ROLLBACK TO s;
COMMIT;
-- session: d
USE app;
XA START 'x';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('a branch, rolled back', '9');
INSERT INTO visits VALUES (5, 'stays');
XA END 'x';
XA PREPARE 'x';
XA ROLLBACK 'x';
BEGIN;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('beside an incident', '10');
-- fails
INSERT INTO visits SELECT 1000 + seq, REPEAT('x', 200) FROM seq_1_to_100;
COMMIT;
