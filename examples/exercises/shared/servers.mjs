// Prints the exports of setup.sh: addresses of servers, taken apart.

/** @param {string} name @param {string | undefined} text */
function mysqlExports(name, text) {
  const url = new URL(text ?? 'mysql://root@127.0.0.1:3306')
  return {
    [`${name}_HOST`]: url.hostname,
    [`${name}_PORT`]: url.port === '' ? '3306' : url.port,
    [`${name}_USER`]: decodeURIComponent(url.username),
    [`${name}_PASSWORD`]: decodeURIComponent(url.password),
  }
}

const {env} = process
const exports = {
  ...mysqlExports('MYSQL', env['TIDEMARK_TEST_MYSQL']),
  ...mysqlExports('REPLICA', env['TIDEMARK_TEST_REPLICA'] ?? 'mysql://root@127.0.0.1:3307'),
  KAFKA: env['TIDEMARK_TEST_KAFKA'] ?? '127.0.0.1:9092',
  HTTP_LISTEN: env['HTTP_LISTEN'] ?? '127.0.0.1:8083',
}
for (const [name, value] of Object.entries(exports)) {
  process.stdout.write(`export ${name}='${value.replaceAll("'", `'\\''`)}'\n`)
}
