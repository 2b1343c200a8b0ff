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

-- record
SET gtid_next = 'AUTOMATIC:abc';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('tagged', '1');
SET gtid_next = 'AUTOMATIC:a_tag_of_thirty_two_characters1';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('long tag', '2');
SET gtid_next = '911ea5f6-0c1b-11ef-9262-0242ac120002:9223372036854775806';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('greatest number', '3');
SET gtid_next = '911ea5f6-0c1b-11ef-9262-0242ac120002:abc:4611686018427387904';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('great number', '4');
SET gtid_next = 'AUTOMATIC';
INSERT INTO kafka_outbox (topic, payload_json) VALUES ('untagged', '5');
