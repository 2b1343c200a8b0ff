-- Every column type of MySQL at its edges. Recorded by record.py; see README.md.
CREATE TABLE numbers (
  id INT PRIMARY KEY,
  tiny TINYINT, tiny_u TINYINT UNSIGNED, small SMALLINT, small_u SMALLINT UNSIGNED,
  medium MEDIUMINT, medium_u MEDIUMINT UNSIGNED, whole INT, whole_u INT UNSIGNED,
  big BIGINT, big_u BIGINT UNSIGNED, padded INT(8) ZEROFILL,
  f FLOAT, f_fixed FLOAT(7,3), d DOUBLE, d_fixed DOUBLE(20,4),
  dec_small DECIMAL(1,0), dec_money DECIMAL(10,2), dec_mixed DECIMAL(19,10), dec_long DECIMAL(65,30),
  dec_fraction DECIMAL(30,30), dec_padded DECIMAL(8,2) ZEROFILL,
  bit_one BIT(1), bit_nine BIT(9), bit_all BIT(64), y YEAR);
INSERT INTO numbers VALUES
  (1, -128, 0, -32768, 0, -8388608, 0, -2147483648, 0, -9223372036854775808, 0, 7,
   -3.40282e38, -9999.999, -1.7976931348623157e308, -1234567890123456.7891,
   -9, -99999999.99, -123456789.0123456789, -12345678901234567890123456789012345.012345678901234567890123456789,
   -0.000000000000000000000000000001, 1.5, b'0', b'101010101', b'1', 1901),
  (2, 127, 255, 32767, 65535, 8388607, 16777215, 2147483647, 4294967295, 9223372036854775807,
   18446744073709551615, 4294967295, 3.40282e38, 9999.999, 2.2250738585072014e-308, 0.1,
   9, 99999999.99, 999999999.9999999999, 99999999999999999999999999999999999.999999999999999999999999999999,
   0.999999999999999999999999999999, 999999.99, b'1', b'111111111',
   b'1111111111111111111111111111111111111111111111111111111111111111', 2155),
  (3, 0, 1, -1, 1, -1, 1, -1, 1, -1, 1, 0, 0.1, 0.0005, 1e15, 1e15, 0, 0, 0.0000000001, 0, 0, 0,
   b'0', b'0', b'0', 0),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 16777216, 1, 100000000000000000000, 12345678901234.5, 1, 1, 1, 1, 0.1, 1,
   b'1', b'1', b'1', 2026),
  (6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1e-10, 1, 0.000000000000001, 1, 1, 1, 1, 1, 0.1, 1,
   b'1', b'1', b'1', 2026),
  (7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1000005, 1, 1e-16, 1, 1, 1, 1, 1, 0.1, 1,
   b'1', b'1', b'1', 2026),
  (8, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -0e0, 1, -0e0, 1, 1, 1, 1, 1, 0.1, 1, b'1', b'1', b'1', 2026);

CREATE TABLE times (
  id INT PRIMARY KEY, d DATE, t0 TIME, t1 TIME(1), t2 TIME(2), t3 TIME(3), t4 TIME(4), t5 TIME(5), t6 TIME(6),
  dt0 DATETIME, dt1 DATETIME(1), dt3 DATETIME(3), dt4 DATETIME(4), dt6 DATETIME(6),
  ts0 TIMESTAMP NULL, ts2 TIMESTAMP(2) NULL, ts5 TIMESTAMP(5) NULL, ts6 TIMESTAMP(6) NULL);
INSERT INTO times VALUES
  (1, '9999-12-31', '838:59:59', '-838:59:58.9', '-00:00:00.01', '-00:00:01.001', '-12:34:56.0001', '23:59:59.99999',
   '-838:59:58.999999', '9999-12-31 23:59:59', '9999-12-31 23:59:59.9', '1000-01-01 00:00:00.001',
   '2026-11-24 03:00:00.0001', '9999-12-31 23:59:59.999999', '2038-01-19 03:14:07', '1970-01-01 00:00:01.01',
   '2000-02-29 23:59:59.99999', '2038-01-19 03:14:07.999999'),
  (2, '0000-00-00', '00:00:00', '00:00:00', '-00:00:01', '-00:01:00', '-01:00:00', '-100:00:00.00001',
   '-00:00:00.000001', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '2024-00-00 00:00:00', '0000-00-00 00:00:00',
   '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00', '0000-00-00 00:00:00',
   '0000-00-00 00:00:00'),
  (3, '2024-02-29', '-00:00:01', '-00:00:00.1', '99:59:59.99', '100:00:00.5', '00:00:00.1', '00:00:00.1',
   '00:00:00.1', '1000-01-01 00:00:00', '1000-01-01 00:00:00', '1000-01-01 00:00:00', '1000-01-01 00:00:00',
   '1000-01-01 00:00:00.1', '1999-12-31 23:59:59', '1999-12-31 23:59:59.99', '2024-02-29 12:00:00.5',
   '2001-09-09 01:46:40.000001'),
  (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE strings (
  id INT PRIMARY KEY,
  c0 CHAR(0), c CHAR(10), c_long CHAR(255), vc_short VARCHAR(63), vc_long VARCHAR(300),
  tt TINYTEXT, t TEXT, mt MEDIUMTEXT, lt LONGTEXT,
  b BINARY(4), b_long BINARY(255), vb VARBINARY(300), bl TINYBLOB, lb LONGBLOB,
  e ENUM('a','b','it''s','with,comma','back\\slash','ü'), e_latin ENUM('é','plain') CHARACTER SET latin1,
  s SET('x','y','ß'), s_latin SET('ö','ü') CHARACTER SET latin1,
  latin VARCHAR(20) CHARACTER SET latin1, wide VARCHAR(20) CHARACTER SET utf16,
  gbk VARCHAR(20) CHARACTER SET gbk, sjis VARCHAR(20) CHARACTER SET sjis, old VARCHAR(20) CHARACTER SET utf8mb3,
  g GEOMETRY, p POINT, v VECTOR(3));
INSERT INTO strings VALUES
  (1, '', 'ab ', REPEAT('ü', 255), 'short', REPEAT('ä', 300), 'tiny', 'te\\xt\n"quoted"', 'medium', 'long',
   X'0102', X'00FF00', X'FF00', X'00', X'DEADBEEF',
   'it''s', 'é', 'x,ß', 'ö,ü', 'café €', 'a😀', '中文', 'カタカナ', '日本語',
   ST_GeomFromText('LINESTRING(0 0, 1 1)'), ST_GeomFromText('POINT(1 2)'), TO_VECTOR('[1,-2.5,3e10]')),
  (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
   NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, '', '', '', '', '', '', '', '', '', '', '', '', '', '', 'back\\slash', 'plain', '', '', '', '', '', '', '',
   ST_GeomFromText('POINT(0 0)'), ST_GeomFromText('POINT(0 0)'), TO_VECTOR('[0]'));

CREATE TABLE documents (id INT PRIMARY KEY, document JSON);
INSERT INTO documents VALUES
  (1, '{"b": 1, "a": [true, false, null], "long key": {"nested": []}}'),
  (2, '[0, -1, 32767, 32768, -32768, -32769, 65535, 65536, 2147483647, 2147483648, -2147483648, -2147483649, 4294967295,
        4294967296, 9223372036854775807, -9223372036854775808, 9223372036854775808, 18446744073709551615,
        18446744073709551616]'),
  (3, '[1.0, -0.0, 0.1, 1e100, 1e15, 1e14, 1e-15, 1e-16, 1234567890123456.5, 1e16, 5e-324, 1.7976931348623157e308]'),
  (4, '"text \\" \\\\ / \\b \\f \\n \\r \\t \\u0000 \\u001f \\u007f ü 😀"'),
  (5, '[]'), (6, '{}'), (7, 'null'), (8, 'true'), (9, '17'), (10, '-1.5'), (11, '"x"'), (12, NULL),
  (13, JSON_ARRAY(CAST(12.340 AS DECIMAL(12,3)), CAST(-0.50 AS DECIMAL(11,2)), CAST('2026-11-23' AS DATE),
                  CAST('2026-11-23 01:02:03.456789' AS DATETIME(6)), CAST('-12:34:56.5' AS TIME(1)),
                  TIMESTAMP'2026-11-23 01:02:03', X'ff00', b'101', CAST('abc' AS BINARY), CAST(2026 AS YEAR),
                  CAST(1.1 AS FLOAT))),
  (14, CAST(CAST(99.990 AS DECIMAL(10,3)) AS JSON)),
  (15, JSON_OBJECT('blob', CAST(REPEAT('0123456789', 20) AS BINARY))),
  (16, CONCAT('["', REPEAT('x', 70000), '", 1, 70000, 4294967295, -70000]')),
  (17, CONCAT(REPEAT('[', 100), REPEAT(']', 100))),
  (18, '{"same": 1, "same": 2, "": 3, "z": 4, "aa": 5}');

-- Rows without some columns, and differences of JSON documents.
CREATE TABLE partly (
  id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(20) DEFAULT 'constant', n INT, document JSON,
  at DATETIME DEFAULT CURRENT_TIMESTAMP, twice INT GENERATED ALWAYS AS (n * 2) STORED, hidden INT INVISIBLE DEFAULT 3);
SET SESSION timestamp = 1700000000;
SET SESSION binlog_row_image = MINIMAL;
INSERT INTO partly (n, document) VALUES (1, '{"a": 1, "b": [1, 2, 3], "c d": "x"}');
INSERT INTO partly (n, name) VALUES (2, 'given');
SET SESSION binlog_row_image = FULL, binlog_row_value_options = PARTIAL_JSON;
UPDATE partly SET n = 3, document = JSON_SET(document, '$.b[1]', 'two', '$."c d"', 1.5, '$.aa', NULL) WHERE id = 1;
UPDATE partly SET document = JSON_REMOVE(document, '$.b[0]', '$.a') WHERE id = 1;
UPDATE partly SET document = JSON_REPLACE(document, '$.aa', JSON_ARRAY(CAST(1.50 AS DECIMAL(5,2)))) WHERE id = 1;
SET SESSION binlog_row_image = MINIMAL;
UPDATE partly SET document = JSON_SET(document, '$.n', 1) WHERE id = 1;
SET SESSION binlog_row_image = FULL, binlog_row_value_options = '';
DELETE FROM partly WHERE id = 2;
