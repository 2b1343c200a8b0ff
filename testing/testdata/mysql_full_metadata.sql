-- server: mysql
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

INSERT INTO kafka_outbox (topic, payload_json, payload_headers, `key`) VALUES ('orders', '{"n": 1}', '{"h": "x"}', 'k1');
CREATE TABLE types (
  id INT UNSIGNED PRIMARY KEY, t TINYINT UNSIGNED, s SMALLINT, m MEDIUMINT UNSIGNED, b BIGINT UNSIGNED,
  f FLOAT, d DOUBLE, c DECIMAL(20,6), bits BIT(12), y YEAR, dt DATE, tm TIME(3), dtm DATETIME(6), ts TIMESTAMP(2) NULL,
  ch CHAR(5), vc VARCHAR(20) CHARACTER SET latin1, bin VARBINARY(8), tx TEXT, bl BLOB, js JSON,
  e ENUM('small','big'), st SET('a','b','c'), g POINT, v VECTOR(2), hidden INT INVISIBLE, gen INT AS (s + 1) STORED
);
SET time_zone = '+00:00';
INSERT INTO types (id, t, s, m, b, f, d, c, bits, y, dt, tm, dtm, ts, ch, vc, bin, tx, bl, js, e, st, g, v, hidden) VALUES
 (4294967295, 255, -32768, 16777215, 18446744073709551615, 1.5, 1e100, -12345.678901, b'101010101010', 2026, '2026-02-28',
  '-12:34:56.789', '1000-01-01 00:00:00.000001', '2026-01-01 00:00:00.25', 'äbc', 'größe', x'00ff10', 'tëxt', x'fe01', '{"a": [1, 2.5, null]}',
  'big', 'a,c', POINT(1, -2), TO_VECTOR('[1,2]'), 7);
INSERT INTO types (id) VALUES (0);
