-- server: mariadb 10.11
-- option: --binlog-row-metadata=FULL
CREATE DATABASE app;
USE app;
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL PRIMARY KEY,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL
);
-- record
INSERT INTO kafka_outbox VALUES (1, 'one', '1'), (2, 'two', '2'), (3, 'three', '3');
REPLACE INTO kafka_outbox VALUES (1, 'one, replaced', '1'), (4, 'four', '4');
INSERT INTO kafka_outbox VALUES (2, 'x', '2'), (5, 'five', '5') ON DUPLICATE KEY UPDATE topic = 'two, updated';
ALTER TABLE kafka_outbox ADD UNIQUE KEY (topic);
REPLACE INTO kafka_outbox VALUES (1, 'one, replaced again', '1');
REPLACE INTO kafka_outbox VALUES (6, 'three', '6');
REPLACE INTO kafka_outbox VALUES (1, 'two, updated', '1');
INSERT INTO kafka_outbox VALUES (7, 'five', '7') ON DUPLICATE KEY UPDATE payload_json = '[5]';
BEGIN;
INSERT INTO kafka_outbox VALUES (8, 'eight', '8');
REPLACE INTO kafka_outbox VALUES (8, 'eight, replaced', '8');
REPLACE INTO kafka_outbox VALUES (9, 'eight, replaced', '9');
COMMIT;
