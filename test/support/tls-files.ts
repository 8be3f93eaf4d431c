// An authority and certificates that it signed, made by openssl for one test.

import {readFile, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {runCommand} from '../../tools/servers/run-command.ts'

export interface TlsAuthority {
  /** PEM file of its own certificate. */
  readonly file: string
  readonly pem: string
  /** Signs a certificate; `names` as in `DNS:localhost,IP:127.0.0.1`. */
  sign(name: string, names: string): Promise<TlsIdentity>
}

export interface TlsIdentity {
  /** PEM file with key and certificate, as ssl.keystore.location takes it. */
  readonly file: string
  readonly key: string
  readonly certificate: string
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']

export async function tlsAuthority(folder: string, name: string): Promise<TlsAuthority> {
  const path = (end: string): string => join(folder, `${name}.${end}`)
  const [keyFile, file] = [path('key'), path('crt')]
  const subject = ['-subj', `/CN=${name}`, '-days', '2']
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE']
  await runCommand('openssl', ['req', '-x509', ...NEW_KEY, ...subject, ...extensions, '-keyout', keyFile, '-out', file])
  return {
    file,
    pem: await readFile(file, 'utf8'),
    sign: async (holder, names) => {
      const of = (end: string): string => join(folder, `${name}-${holder}.${end}`)
      await runCommand('openssl', [
        'req',
        ...NEW_KEY,
        '-subj',
        `/CN=${holder}`,
        '-keyout',
        of('key'),
        '-out',
        of('csr'),
      ])
      await writeFile(of('ext'), `subjectAltName=${names}\n`)
      const signed = ['-CA', file, '-CAkey', keyFile, '-CAcreateserial', '-days', '2', '-extfile', of('ext')]
      await runCommand('openssl', ['x509', '-req', '-in', of('csr'), ...signed, '-out', of('crt')])
      const [key, certificate] = [await readFile(of('key'), 'utf8'), await readFile(of('crt'), 'utf8')]
      await writeFile(of('pem'), `${key}${certificate}`)
      return {file: of('pem'), key, certificate}
    },
  }
}
