// Keys that a running task cannot change, and what to do where one of them is to be another.

import type {RawConfig} from './config-file.ts'
import {changesBetween} from './config-changes.ts'
import type {ConfigProblems} from './problems.ts'

interface FixedKeys {
  readonly keys: RegExp
  readonly remedy: string
}

const START_AGAIN = 'stop the task, change it in the file, and start the task again'

const FIXED: readonly FixedKeys[] = [
  {
    keys: /^name$/,
    remedy: `it names the state; ${START_AGAIN} (\`tidemark state export\` and \`import\` move the state)`,
  },
  {
    keys: /^topic\.prefix$/,
    remedy: `it names every topic, and new topics have no rows of before; run another task with a \`name\` of its own`,
  },
  {
    keys: /^offset\.storage\.|^exactly\.once\.support$/,
    remedy: `the state is open; stop the task, take the state along with \`tidemark state export\` and \`import\`, and start it again`,
  },
  {keys: /^sink\.(?:type|file\.path)$/, remedy: `events are on their way there; ${START_AGAIN}`},
  {keys: /^http\.(?:listen|token)$/, remedy: `the answer goes through it; ${START_AGAIN}`},
  {keys: /^log\.level$/, remedy: START_AGAIN},
]

/** Every fixed key that differs becomes a problem. */
export function checkFixedKeys(running: RawConfig, wanted: RawConfig, problems: ConfigProblems): void {
  for (const key of changesBetween(running, wanted).keys()) {
    const fixed = FIXED.find(({keys}) => keys.test(key))
    if (fixed !== undefined) problems.add(key, `it cannot change while the task runs: ${fixed.remedy}`)
  }
}
