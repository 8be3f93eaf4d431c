import {reportAndExit, runCompiled} from './bootstrap.mjs'

await runCompiled('bench/main.js').catch(reportAndExit)
