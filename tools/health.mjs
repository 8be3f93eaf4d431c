// Whether a task lives (`live`) or streams (`ready`): exit code 0 or 1, for containers that have no curl. Asks the HTTP interface
// at TIDEMARK_HTTP (default http://127.0.0.1:8083), with the token in TIDEMARK_HTTP_TOKEN.

const {TIDEMARK_HTTP: address = 'http://127.0.0.1:8083', TIDEMARK_HTTP_TOKEN: token = ''} = process.env
const question = process.argv[2] ?? 'live'
try {
  const response = await fetch(`${address}/health/${question}`, {
    headers: token === '' ? {} : {authorization: `Bearer ${token}`},
    signal: AbortSignal.timeout(4000),
  })
  process.stdout.write(`${response.status} ${await response.text()}`)
  process.exitCode = response.ok ? 0 : 1
} catch (error) {
  process.stdout.write(`${address} does not answer: ${String(error)}\n`)
  process.exitCode = 1
}
