import {reportAndExit, runCompiled} from './bootstrap.mjs'

await runCompiled('tools/run-tests.js').catch(reportAndExit)
