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
CREATE TABLE orders (id INT AUTO_INCREMENT PRIMARY KEY, n INT);
-- record
SET STATEMENT max_statement_time = 60 FOR ALTER TABLE kafka_outbox ADD a INT;
SET STATEMENT sql_mode = REPLACE('ANSI FOR ', ' FOR ', ''), sort_buffer_size = (SELECT 2000000 /* FOR */) FOR RENAME TABLE kafka_outbox TO away, away TO kafka_outbox;
SET STATEMENT lock_wait_timeout = 5 FOR SET STATEMENT max_statement_time = 60 FOR TRUNCATE kafka_outbox;
SET STATEMENT binlog_format = STATEMENT FOR INSERT INTO kafka_outbox (topic, payload_json) VALUES ('set statement', '1');
SET binlog_format = STATEMENT;
SET STATEMENT max_statement_time = 60 FOR INSERT INTO kafka_outbox (topic, payload_json) VALUES ('set statement again', '1');
ANALYZE INSERT INTO kafka_outbox (topic, payload_json) VALUES ('analyze', '2');
ANALYZE FORMAT=JSON UPDATE kafka_outbox SET topic = 'analyze json' WHERE topic = 'analyze';
ANALYZE TABLE orders;
SET @q = 'INSERT INTO kafka_outbox (topic, payload_json) VALUES (''immediate'', ''3'')';
EXECUTE IMMEDIATE @q;
EXECUTE IMMEDIATE 'ALTER TABLE kafka_outbox ADD b INT';
BEGIN NOT ATOMIC INSERT INTO kafka_outbox (topic, payload_json) VALUES ('compound', '4'); ALTER TABLE kafka_outbox DROP b; END;
IF 1 THEN INSERT INTO kafka_outbox (topic, payload_json) VALUES ('if', '5'); END IF;
/*!50100 INSERT */ INTO kafka_outbox (topic, payload_json) VALUES ('versioned', '6');
/*M!100100 ALTER TABLE kafka_outbox ADD c INT */;
/*!99999999 ALTER TABLE orders ADD c INT, */ ALTER TABLE orders ADD d INT;
CREATE OR REPLACE TABLE orders AS VALUES (1);
ALTER TABLE kafka_outbox ADD CONSTRAINT PRIMARY KEY IF NOT EXISTS (id), DROP c;
CREATE OR REPLACE DATABASE other;
