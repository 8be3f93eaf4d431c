import {reportAndExit, runCompiled} from '../tools/bootstrap.mjs'

await runCompiled('demo/main.js').catch(reportAndExit)
