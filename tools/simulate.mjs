import {reportAndExit, runCompiled} from './bootstrap.mjs'

await runCompiled('tools/run-simulations.js').catch(reportAndExit)
