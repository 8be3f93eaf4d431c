// What the simulated server says when it cannot answer, with the codes of the real one.

import {TidemarkError} from '../../src/core/tidemark-error.ts'

export function connectionLost(): Error {
  return new TidemarkError('TIDEMARK_MYSQL_CONNECTION_LOST', 'the connection was lost', {kind: 'retryable'})
}

export function unreachable(): Error {
  return new TidemarkError('TIDEMARK_MYSQL_UNREACHABLE', 'the server is down', {kind: 'retryable'})
}

export function interrupted(): Error {
  return new TidemarkError('TIDEMARK_MYSQL_INTERRUPTED', 'the query was interrupted', {kind: 'retryable'})
}

export function copyCutOff(): Error {
  return new TidemarkError('TIDEMARK_SNAPSHOT_COPY_CUT_OFF', 'the copy was cut off', {kind: 'retryable'})
}

export function copyYielded(): Error {
  return new TidemarkError('TIDEMARK_SNAPSHOT_COPY_YIELDED', 'somebody waits for the table', {kind: 'retryable'})
}
