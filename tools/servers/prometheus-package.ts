// Prometheus and promtool from Debian's package, for the tests of the monitoring examples.

import {join} from 'node:path'
import {provideDebianProgram} from './debian-program.ts'

export interface PrometheusPackage {
  readonly prometheus: string
  readonly promtool: string
}

/** The package, unpacked where it is not yet; safe with several processes at once. Never the machine's own Prometheus. */
export async function providePrometheusPackage(): Promise<PrometheusPackage> {
  const folder = await provideDebianProgram({
    title: 'Prometheus',
    name: 'prometheus',
    packages: ['prometheus'],
    megabytes: 20,
    // Go programs, which run with this machine's C library; what comes with them is for their pages.
    isNeeded: name => name === 'prometheus',
  })
  const programs = join(folder, 'root/usr/bin')
  return {prometheus: join(programs, 'prometheus'), promtool: join(programs, 'promtool')}
}
