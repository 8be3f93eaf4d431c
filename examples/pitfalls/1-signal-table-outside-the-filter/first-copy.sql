INSERT INTO pitfall_1_control.debezium_signal (id, type, data) VALUES
  ('first-copy', 'execute-snapshot', '{"data-collections": ["pitfall_1.orders"]}');
