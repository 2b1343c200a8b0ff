-- server: mariadb 10.11
-- option: --binlog-row-metadata=FULL
-- replica
-- record
CREATE DATABASE app;
CREATE TABLE app.kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL
) ENGINE=MyISAM;
CREATE TABLE app.orders (id INT PRIMARY KEY) ENGINE=InnoDB;
-- session: b
USE app;
BEGIN;
INSERT INTO orders VALUES (1);
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('rows, apart', '1');
ROLLBACK;
-- session: c
USE app;
SET binlog_format = STATEMENT;
BEGIN;
INSERT INTO orders VALUES (2);
SAVEPOINT s;
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('undone, and stays in the table', '2');
ROLLBACK TO s;
COMMIT;
BEGIN;
INSERT INTO orders VALUES (3);
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('rolled back, and stays in the table', '3');
ROLLBACK;
XA START 'x';
INSERT INTO orders VALUES (4);
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('of a branch that is rolled back, and stays in the table', '4');
XA END 'x';
XA PREPARE 'x';
XA ROLLBACK 'x';
