import {reportAndExit, runCompiled} from './bootstrap.mjs'

await runCompiled('tools/keep-servers.js').catch(reportAndExit)
