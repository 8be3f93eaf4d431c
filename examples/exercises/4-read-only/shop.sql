DROP DATABASE IF EXISTS exercise_4;
CREATE DATABASE exercise_4 CHARACTER SET utf8mb4;
USE exercise_4;
CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  status ENUM('new', 'paid', 'shipped') NOT NULL DEFAULT 'new',
  total DECIMAL(12,2) NOT NULL
);
SET SESSION cte_max_recursion_depth = 1000;
INSERT INTO orders (status, total)
  WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1000)
  SELECT ELT(1 + n % 3, 'new', 'paid', 'shipped'), n / 4 FROM numbers;
ANALYZE TABLE orders;
