-- The database of docker-compose.yml, made by MySQL's container at its first start: tables, account, signal table.
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
SET NAMES utf8mb4;
INSERT INTO customers (full_name) VALUES ('Zoë Müller'), ('José García'), ('佐藤 美咲');
INSERT INTO orders (customer_id, status, total) VALUES (1, 'paid', 19.90), (2, 'new', 250.00), (2, 'shipped', 7.25), (3, 'new', 80.10);

CREATE TABLE debezium_signal (id VARCHAR(36) PRIMARY KEY, type VARCHAR(32) NOT NULL, data TEXT NULL);
CREATE USER tidemark@'%' IDENTIFIED BY 'tidemark';
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO tidemark@'%';
GRANT SELECT ON shop.* TO tidemark@'%';
GRANT SELECT, INSERT, DELETE ON shop.debezium_signal TO tidemark@'%';
