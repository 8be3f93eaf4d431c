// A Dockerfile as the list of its steps, and carried out in plain folders: for machines without a container engine.

import {execFile} from 'node:child_process'
import {existsSync} from 'node:fs'
import {chmod, cp, mkdir, symlink, writeFile} from 'node:fs/promises'
import {basename, delimiter, join, posix} from 'node:path'
import {promisify} from 'node:util'

export interface Step {
  readonly instruction: string
  readonly argument: string
}

export interface Stage {
  readonly name: string
  readonly image: string
  readonly steps: readonly Step[]
}

/** Lines that are continued are one step; comments are left out. */
export function dockerfileStages(text: string): Stage[] {
  const stages: {name: string; image: string; steps: Step[]}[] = []
  const whole = text.replace(/^\s*#.*\n/gm, '').replace(/\\\n\s*/g, ' ')
  for (const line of whole.split('\n')) {
    const [, instruction = '', argument = ''] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? []
    if (instruction === 'FROM') {
      const [image = '', , name = ''] = argument.split(/\s+/)
      stages.push({name: name === '' ? String(stages.length) : name, image, steps: []})
    } else if (instruction !== '') {
      stages.at(-1)!.steps.push({instruction, argument})
    }
  }
  return stages
}

/** The last step of its kind. */
export function lastStep({steps}: Stage, instruction: string): string {
  return steps.findLast(step => step.instruction === instruction)?.argument ?? ''
}

/** True where the .dockerignore (patterns of `*`, `!path` as ours) lets the path into the context. */
export function isInContext(ignoreFile: string, path: string): boolean {
  const wanted = ignoreFile.split('\n').flatMap(line => (line.startsWith('!') ? [line.slice(1)] : []))
  return wanted.some(allowed => path === allowed || path.startsWith(`${allowed}/`))
}

export interface BuildPlace {
  /** The repository. */
  readonly context: string
  /** Stages get folders in here. */
  readonly folder: string
  /** Packages that are left by `npm prune --omit=dev`, as paths below the context. */
  readonly productionPackages: readonly string[]
}

/**
 * The folder that stands for the root of the last stage. What belongs to the engine or the network is played: `npm ci` links the
 * context's node_modules, `npm run build` leaves out the check of the types, which takes half of its time and which the code has
 * passed, `npm prune` links those of production, and `chown` does nothing.
 */
export async function carryOut(stages: readonly Stage[], place: BuildPlace): Promise<string> {
  const roots = new Map<string, string>()
  let last = ''
  for (const stage of stages) {
    last = join(place.folder, `stage-${stage.name}`)
    roots.set(stage.name, last)
    await carryOutStage(stage, {root: last, roots, place, programs: await writePrograms(place, stage.name)})
  }
  return last
}

interface StagePlace {
  readonly root: string
  readonly roots: ReadonlyMap<string, string>
  readonly place: BuildPlace
  /** Goes before the PATH. */
  readonly programs: string
}

async function carryOutStage({steps}: Stage, {root, roots, place, programs}: StagePlace): Promise<void> {
  let workdir = '/'
  await mkdir(root, {recursive: true})
  for (const {instruction, argument} of steps) {
    if (instruction === 'WORKDIR') {
      workdir = posix.resolve(workdir, argument)
      await mkdir(join(root, workdir), {recursive: true})
    } else if (instruction === 'COPY') {
      const words = argument.split(/\s+/)
      const from = words[0]!.startsWith('--from=') ? words.shift()!.slice('--from='.length) : null
      const source = from === null ? place.context : roots.get(from)
      if (source === undefined) throw new Error(`COPY --from=${from}: no such stage before`)
      const target = words.pop()!
      for (const path of words) await copy(join(source, path), join(root, posix.resolve(workdir, target)), target)
    } else if (instruction === 'RUN') {
      // Absolute paths are the stage's.
      const command = argument.replace(
        /(^|\s)(\/\S+)/g,
        (_, blank: string, path: string) => `${blank}${join(root, path)}`,
      )
      const env = {...process.env, PATH: `${programs}${delimiter}${process.env['PATH'] ?? ''}`}
      await promisify(execFile)('sh', ['-ec', command], {cwd: join(root, workdir), env})
    }
  }
}

/** As COPY does: into a folder where the target is one or ends with a slash; the content of a folder, not the folder. */
async function copy(source: string, target: string, written: string): Promise<void> {
  const isInto = written.endsWith('/') || written === '.'
  await cp(source, isInto ? join(target, basename(source)) : target, {recursive: true, verbatimSymlinks: true})
}

async function writePrograms({context, folder, productionPackages}: BuildPlace, stage: string): Promise<string> {
  const programs = join(folder, `programs-${stage}`)
  const production = join(folder, `production-${stage}`)
  await mkdir(programs, {recursive: true})
  for (const path of productionPackages) {
    const name = path.replace(/^node_modules\//, '')
    if (name.includes('/node_modules/') || !existsSync(join(context, path))) continue
    await mkdir(join(production, name, '..'), {recursive: true})
    await symlink(join(context, path), join(production, name))
  }
  const npm = `#!/bin/sh
case "$*" in
  ci) ln -s '${join(context, 'node_modules')}' node_modules ;;
  'run build') exec '${process.execPath}' node_modules/typescript/bin/tsc -p tsconfig.dist.json --noCheck ;;
  'prune --omit=dev') rm node_modules && cp -R '${production}' node_modules ;;
  *) echo "npm $*: not played" >&2; exit 1 ;;
esac
`
  await writeProgram(join(programs, 'npm'), npm)
  await writeProgram(join(programs, 'chown'), '#!/bin/sh\n')
  return programs
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text)
  await chmod(path, 0o755)
}
