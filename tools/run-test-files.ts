// `node --test` with an order of ours: it sorts the files that it is given by name.
// node run-test-files.js CONCURRENCY FILE-TIMEOUT-MS FILE…

import {run} from 'node:test'
import report from './test-reporter.ts'

const [concurrency, timeout, ...files] = process.argv.slice(2)

run({files, concurrency: Number(concurrency), timeout: Number(timeout)})
  .on('test:fail', ({todo}) => {
    if (todo === undefined || todo === false) process.exitCode = 1
  })
  .compose(report)
  .pipe(process.stdout)
