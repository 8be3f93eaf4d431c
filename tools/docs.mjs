import {reportAndExit, runCompiled} from './bootstrap.mjs'

await runCompiled('tools/write-docs.js').catch(reportAndExit)
