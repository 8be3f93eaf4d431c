// The shop: six tables with the types that real ones have and one without a key, and the SQL that fills each. Pure.

export interface ShopTable {
  readonly name: string
  readonly create: string
  /** Numbers from 1 to this are made into rows. */
  readonly numbers: number
  /** INSERT of the rows for the numbers from `first` to `last`. */
  readonly fill: (first: number, last: number) => string
}

/** All sizes follow from the number of orders. */
export function shopTables(orders: number): readonly ShopTable[] {
  return [
    customers(Math.ceil(orders / 10)),
    products(Math.ceil(orders / 150)),
    ordersTable(orders, Math.ceil(orders / 10)),
    orderItems(orders, Math.ceil(orders / 150)),
    payments(Math.ceil(orders * 0.4)),
    shipments(Math.ceil(orders / 4)),
    pageViews(Math.ceil(orders / 2), Math.ceil(orders / 150)),
  ]
}

const FIRST_NAMES = ['José', 'Zoë', 'Łukasz', '美咲', 'Ayşe', 'Ólafur', 'Chloé', 'Jürgen', 'Олена', 'Ngọc']
const LAST_NAMES = ['García', 'Müller', 'Nowak', '佐藤', 'Yılmaz', 'Þórsson', 'O’Brien', 'Lefèvre', 'Шевченко', 'Trần']
const NOTES = ['gift wrap, please 🎁', 'ring twice 🔔🔔', 'für die Nachbarn: „Haus Nr. 5“', 'fragile 🏺 – «prudence»']

function customers(numbers: number): ShopTable {
  return {
    name: 'customers',
    numbers,
    create: `CREATE TABLE customers (
      id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      email VARCHAR(120) NOT NULL UNIQUE,
      full_name VARCHAR(100) NOT NULL,
      tier ENUM('bronze', 'silver', 'gold') NOT NULL DEFAULT 'bronze',
      contact_by SET('email', 'sms', 'post') NOT NULL DEFAULT 'email',
      credit DECIMAL(10,2) NOT NULL DEFAULT 0,
      born DATE NULL,
      preferences JSON NULL,
      created_at DATETIME(3) NOT NULL
    ) CHARACTER SET utf8mb4`,
    fill: (
      first,
      last,
    ) => `INSERT INTO customers (email, full_name, tier, contact_by, credit, born, preferences, created_at)
      ${numbersFrom(first, last)}
      SELECT CONCAT('customer', i, '@shop.example'),
        CONCAT(${pick(FIRST_NAMES, 'i')}, ' ', ${pick(LAST_NAMES, 'i DIV 10')}),
        1 + i % 3, 1 + i % 7, (i * 7919) % 100000 / 100, IF(i % 9 = 0, NULL, DATE '1950-01-01' + INTERVAL (i * 31) % 20000 DAY),
        IF(i % 4 = 0, NULL, JSON_OBJECT('newsletter', i % 2 = 0, 'theme', ${pick(['light', 'dark', 'naïve'], 'i')}, 'sizes', JSON_ARRAY(i % 50, i / 8e0))),
        TIMESTAMP '2019-01-01 00:00:00.000' + INTERVAL i * 997 SECOND + INTERVAL i % 1000 * 1000 MICROSECOND
      FROM numbers`,
  }
}

function products(numbers: number): ShopTable {
  return {
    name: 'products',
    numbers,
    create: `CREATE TABLE products (
      sku VARCHAR(24) NOT NULL PRIMARY KEY,
      title VARCHAR(120) NOT NULL,
      price DECIMAL(10,2) NOT NULL,
      weight_kg DOUBLE NULL,
      in_stock INT NOT NULL,
      attributes JSON NOT NULL,
      description TEXT NULL,
      changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
    ) CHARACTER SET utf8mb4`,
    fill: (first, last) => `INSERT INTO products (sku, title, price, weight_kg, in_stock, attributes, description)
      ${numbersFrom(first, last)}
      SELECT ${sku('i')}, CONCAT(${pick(['Café crème ☕', 'Brötchen 🥨', 'Tørfisk 🐟', '抹茶 🍵'], 'i')}, ' No. ', i),
        (i * 6151) % 50000 / 100, IF(i % 11 = 0, NULL, i / 7e0), i % 500,
        JSON_OBJECT('color', ${pick(['rouge', 'grün', 'blå'], 'i')}, 'dimensions', JSON_ARRAY(i % 40, i % 60, i % 80)),
        IF(i % 5 = 0, NULL, REPEAT(CONCAT(${pick(['délicieux', 'köstlich', '美味しい'], 'i')}, ' '), 1 + i % 20))
      FROM numbers`,
  }
}

function ordersTable(numbers: number, customerCount: number): ShopTable {
  return {
    name: 'orders',
    numbers,
    create: `CREATE TABLE orders (
      id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
      customer_id INT UNSIGNED NOT NULL,
      status ENUM('new', 'paid', 'shipped', 'returned') NOT NULL,
      total DECIMAL(12,2) NOT NULL,
      note VARCHAR(200) NULL,
      placed_at DATETIME(3) NOT NULL,
      changed_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6)
    ) CHARACTER SET utf8mb4`,
    fill: (first, last) => `INSERT INTO orders (customer_id, status, total, note, placed_at)
      ${numbersFrom(first, last)}
      SELECT 1 + (i * 7) % ${customerCount}, 1 + i % 4, (i * 104729) % 9999999 / 100,
        IF(i % 6 = 0, ${pick(NOTES, 'i DIV 6')}, NULL),
        TIMESTAMP '2023-01-01 00:00:00.000' + INTERVAL i * 211 SECOND + INTERVAL i % 1000 * 1000 MICROSECOND
      FROM numbers`,
  }
}

/** Every order has one item, every third a second one. */
function orderItems(numbers: number, productCount: number): ShopTable {
  return {
    name: 'order_items',
    numbers,
    create: `CREATE TABLE order_items (
      order_id BIGINT UNSIGNED NOT NULL,
      line SMALLINT UNSIGNED NOT NULL,
      sku VARCHAR(24) NOT NULL,
      quantity SMALLINT NOT NULL,
      price DECIMAL(10,2) NOT NULL,
      PRIMARY KEY (order_id, line)
    ) CHARACTER SET utf8mb4`,
    fill: (first, last) => `INSERT INTO order_items (order_id, line, sku, quantity, price)
      ${numbersFrom(first, last)}
      SELECT i, line, ${sku(`(1 + (i * line) % ${productCount})`)}, 1 + i % 5, (i * 6151) % 50000 / 100
      FROM numbers JOIN (SELECT 1 AS line UNION ALL SELECT 2) AS line_numbers ON line = 1 OR i % 3 = 0`,
  }
}

function payments(numbers: number): ShopTable {
  return {
    name: 'payments',
    numbers,
    create: `CREATE TABLE payments (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      order_id BIGINT UNSIGNED NOT NULL,
      method ENUM('card', 'invoice', 'voucher') NOT NULL,
      amount DECIMAL(12,2) NOT NULL,
      reference VARBINARY(16) NOT NULL,
      booked_at TIMESTAMP(6) NULL
    )`,
    fill: (first, last) => `INSERT INTO payments (order_id, method, amount, reference, booked_at)
      ${numbersFrom(first, last)}
      SELECT i, 1 + i % 3, (i * 104729) % 9999999 / 100, UNHEX(LEFT(SHA2(i, 256), 32)),
        IF(i % 8 = 0, NULL, TIMESTAMP '2023-01-01 01:00:00' + INTERVAL i * 211 SECOND + INTERVAL i % 999983 MICROSECOND)
      FROM numbers`,
  }
}

function shipments(numbers: number): ShopTable {
  return {
    name: 'shipments',
    numbers,
    create: `CREATE TABLE shipments (
      id CHAR(36) CHARACTER SET ascii NOT NULL PRIMARY KEY,
      order_id BIGINT UNSIGNED NOT NULL,
      carrier VARCHAR(40) NOT NULL,
      tracking JSON NULL,
      insured TINYINT(1) NOT NULL,
      sent_at DATETIME(3) NULL
    ) CHARACTER SET utf8mb4`,
    fill: (first, last) => `INSERT INTO shipments (id, order_id, carrier, tracking, insured, sent_at)
      ${numbersFrom(first, last)}
      SELECT CONCAT(LPAD(HEX(i), 8, '0'), '-0000-4000-8000-', LEFT(SHA2(i, 256), 12)), i,
        ${pick(['Poşta 📦', 'La Poste', 'Schnell & Söhne'], 'i')},
        IF(i % 7 = 0, NULL, JSON_OBJECT('code', LEFT(SHA2(i, 256), 16), 'stops', i % 12)), i % 2,
        IF(i % 5 = 0, NULL, TIMESTAMP '2023-01-02 00:00:00.000' + INTERVAL i * 211 SECOND)
      FROM numbers`,
  }
}

/** No key of any kind, and many rows that are equal in every column: the parallel reader copies it. */
function pageViews(numbers: number, productCount: number): ShopTable {
  return {
    name: 'page_views',
    numbers,
    create: `CREATE TABLE page_views (
      sku VARCHAR(24) NULL,
      referrer VARCHAR(60) NULL,
      seconds FLOAT NULL,
      seen_on DATE NOT NULL,
      KEY (sku)
    ) CHARACTER SET utf8mb4`,
    fill: (first, last) => `INSERT INTO page_views (sku, referrer, seconds, seen_on)
      ${numbersFrom(first, last)}
      SELECT IF(i % 13 = 0, NULL, ${sku(`(1 + i % ${productCount})`)}),
        IF(i % 3 = 0, NULL, ${pick(['search', 'newsletter ✉️', 'Empfehlung'], 'i DIV 3')}), IF(i % 17 = 0, NULL, i % 20 / 8e0),
        DATE '2024-01-01' + INTERVAL i % 30 DAY
      FROM numbers`,
  }
}

function numbersFrom(first: number, last: number): string {
  return `WITH RECURSIVE numbers (i) AS (SELECT ${first} UNION ALL SELECT i + 1 FROM numbers WHERE i < ${last})`
}

function pick(texts: readonly string[], number: string): string {
  return `ELT(1 + ${number} % ${texts.length}, ${texts.map(text => `'${text}'`).join(', ')})`
}

function sku(number: string): string {
  return `CONCAT('SKU-', LPAD(${number}, 6, '0'))`
}
