INSERT INTO exercise_1.debezium_signal (id, type, data) VALUES
  ('first-copy', 'execute-snapshot', '{"data-collections": ["exercise_1.orders"]}');
