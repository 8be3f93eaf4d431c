// After a build: the command line's file may be run directly. Where there is none, there is nothing to do.

import {chmodSync, existsSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
if (existsSync(cli)) chmodSync(cli, 0o755)
