-- server: mysql
-- option: --binlog-row-metadata=FULL
CREATE DATABASE shop CHARACTER SET utf8mb4;
USE shop;
-- record
CREATE TABLE kafka_outbox (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, batch_id CHAR(36) NULL, push_started_at DATETIME NULL,
  push_completed_at DATETIME NULL, topic VARCHAR(255) NOT NULL, payload_json JSON NOT NULL,
  payload_headers JSON NOT NULL, push_attempts TINYINT NOT NULL DEFAULT 0, errored TINYINT NOT NULL DEFAULT 0,
  error_reason VARCHAR(255) NOT NULL DEFAULT '', created_at DATETIME DEFAULT CURRENT_TIMESTAMP,
  partition_key VARCHAR(255) NOT NULL DEFAULT '', `key` VARCHAR(255) NOT NULL DEFAULT '',
  INDEX outbox_push_completed_at (push_completed_at), INDEX outbox_batch_query (batch_id, created_at));
INSERT INTO kafka_outbox (topic, payload_json, payload_headers, partition_key, `key`)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20)
SELECT 'orders.placed', JSON_OBJECT('order_id', 1000000 + i, 'status', 'placed', 'total', 12.5 * i, 'gift', i % 2 = 0,
       'customer', CONCAT('customer-', i)),
       JSON_OBJECT('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
       CONCAT('customer-', i), CONCAT('order-', i) FROM n;
INSERT INTO kafka_outbox (topic, payload_json, payload_headers, partition_key, `key`)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 20),
l AS (SELECT 1 AS k UNION ALL SELECT k + 1 FROM l WHERE k < 6)
SELECT 'orders.placed', JSON_OBJECT('order_id', 1000000 + i, 'status', 'placed', 'total', 12.5 * i, 'gift', i % 2 = 0,
       'customer', JSON_OBJECT('id', CONCAT('customer-', i), 'name', 'Zoë "Z" Müller', 'email', 'zoe@example.com'),
       'note', 'Leave it at the door, please.\nRing twice.',
       'lines', (SELECT JSON_ARRAYAGG(JSON_OBJECT('sku', CONCAT('SKU-', 10000 + i * 7 + k), 'quantity', k,
                        'price', 3.25 * k, 'title', 'A thing with a name of some length', 'stock', NULL)) FROM l)),
       JSON_OBJECT('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
       CONCAT('customer-', i), CONCAT('order-', i) FROM n;
INSERT INTO kafka_outbox (topic, payload_json, payload_headers, partition_key, `key`)
WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 3),
l AS (SELECT 1 AS k UNION ALL SELECT k + 1 FROM l WHERE k < 520)
SELECT 'orders.placed', JSON_OBJECT('order_id', 1000000 + i, 'status', 'placed', 'total', 12.5 * i, 'gift', i % 2 = 0,
       'lines', (SELECT JSON_ARRAYAGG(JSON_OBJECT('sku', CONCAT('SKU-', 10000 + i * 7 + k), 'quantity', k,
                        'price', 3.25 * k, 'title', 'A thing with a name of some length', 'stock', NULL)) FROM l)),
       JSON_OBJECT('traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'),
       CONCAT('customer-', i), CONCAT('order-', i) FROM n;
