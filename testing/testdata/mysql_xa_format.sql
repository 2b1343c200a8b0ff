-- server: mysql
-- option: --binlog-row-metadata=FULL
-- whole
CREATE DATABASE app;
USE app;
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic VARCHAR(255) NOT NULL,
  payload_json JSON NULL
);
-- record
-- session: b
XA START 'larger', '', 4294967297;
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('format of 33 bits', '1');
XA END 'larger', '', 4294967297;
XA PREPARE 'larger', '', 4294967297;
XA COMMIT 'larger', '', 4294967297;
XA START 'restarted', '', 4294967298;
INSERT INTO app.kafka_outbox (topic, payload_json) VALUES ('a format of 33 bits over a restart', '2');
XA END 'restarted', '', 4294967298;
XA PREPARE 'restarted', '', 4294967298;
-- restart
-- session: c
XA COMMIT 'restarted', '', 2;
