-- A database to try Tidemark on, where none is at hand.
CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;
USE shop;
CREATE TABLE customers (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  full_name VARCHAR(100) NOT NULL
);
CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer_id INT UNSIGNED NOT NULL,
  status ENUM('new', 'paid', 'shipped') NOT NULL DEFAULT 'new',
  total DECIMAL(12,2) NOT NULL,
  placed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
);
INSERT INTO customers (full_name) VALUES ('Zoë Müller'), ('José García'), ('佐藤 美咲');
INSERT INTO orders (customer_id, status, total) VALUES (1, 'paid', 19.90), (2, 'new', 250.00), (2, 'shipped', 7.25), (3, 'new', 80.10);
