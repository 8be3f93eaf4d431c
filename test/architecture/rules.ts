// The rules of the architecture as functions from sources to violations, one sentence each.

import ts from 'typescript'
import {lineOf, nodesOf, type SourceFile} from './source-file.ts'

/** A folder of src/ and what it may import beside itself: folders, and single files (ports) as `sinks/sink.ts`. */
export type AllowedImports = Readonly<Record<string, readonly string[]>>

/** `core` for `src/core/table-id.ts`; the entry `src/cli.ts` belongs to `cli`. */
export function folderOf(path: string): string {
  return /^src\/([^/.]+)/.exec(path)?.[1] ?? path
}

export function forbiddenImports(files: readonly SourceFile[], allowed: AllowedImports): string[] {
  return files.flatMap(({path, imports}) => {
    const from = folderOf(path)
    const mayImport = allowed[from]
    if (mayImport === undefined) return [`${path}: the folder src/${from} is not in the table of allowed imports`]
    return imports.flatMap(({target, line}) => {
      if (target === null) return []
      const to = folderOf(target)
      if (to === from || mayImport.includes(to) || mayImport.includes(target.replace('src/', ''))) return []
      return [
        `${path}:${String(line)} imports ${target}: ${from} may import ${mayImport.join(', ') || 'nothing of ours'}`,
      ]
    })
  })
}

/** Pairs of folders that may import each other, directly or through others. */
export function circularPermissions(allowed: AllowedImports): string[] {
  const reachable = (from: string, seen = new Set<string>()): Set<string> => {
    for (const next of allowed[from] ?? []) if (!seen.has(next)) reachable(next, seen.add(next))
    return seen
  }
  return Object.keys(allowed).filter(folder => reachable(folder).has(folder))
}

/** Files that import each other's values in a circle. Types vanish when compiled, so they do no harm. */
export function importCycles(files: readonly SourceFile[]): string[] {
  const byPath = new Map(files.map(file => [file.path, file]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const {target, typeOnly} of byPath.get(path)?.imports ?? []) {
      if (target !== null && !typeOnly) visit(target, [...trail, path])
    }
    done.add(path)
  }
  for (const {path} of files) visit(path, [])
  return cycles
}

export function longFiles(files: readonly SourceFile[], most: number): string[] {
  return files
    .filter(({lines}) => lines > most)
    .map(({path, lines}) => `${path} has ${String(lines)} lines: split it by subject, ${String(most)} are the most`)
}

const emptyNames = /^(index|common|misc|utils?|helpers?|[a-z-]*-(utils?|helpers?|manager|data|info))$/

/** Names that say nothing about the subject. */
export function emptyFileNames(files: readonly SourceFile[]): string[] {
  return files.flatMap(({path}) => {
    const words = path.replace(/(\.test)?\.ts$/, '').split('/')
    const empty = words.find(word => emptyNames.test(word))
    return empty === undefined ? [] : [`${path}: "${empty}" names no subject`]
  })
}

/** Uses of `object.member` (any member where none is named), as `process.env`. */
export function uses(files: readonly SourceFile[], object: string, members?: readonly string[]): string[] {
  return files.flatMap(({path, tree}) =>
    [...nodesOf(tree)].flatMap(node => {
      if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return []
      if (!ts.isIdentifier(node.expression) || node.expression.text !== object) return []
      const member = ts.isPropertyAccessExpression(node) ? node.name.text : node.argumentExpression.getText()
      if (members !== undefined && !members.includes(member)) return []
      return [`${path}:${String(lineOf(tree, node))} uses ${object}.${member}`]
    }),
  )
}

export function importsOfModule(files: readonly SourceFile[], module: string): string[] {
  return files.flatMap(({path, imports}) =>
    imports
      .filter(({specifier}) => specifier === module || specifier === `node:${module}`)
      .map(({line}) => `${path}:${String(line)} imports ${module}`),
  )
}

const testFunctions = new Set(['test', 'it', 'describe', 'suite'])
const switches = new Set(['only', 'skip', 'todo'])

/** Tests that do not run, or keep others from running. */
export function switchedOffTests(files: readonly SourceFile[]): string[] {
  return files.flatMap(({path, tree}) =>
    [...nodesOf(tree)].flatMap(node => {
      if (!ts.isCallExpression(node)) return []
      const called = testCall(node)
      const names = called === null ? switchOfContext(node) : [called.member, ...optionNames(node)]
      return names
        .filter(name => switches.has(name))
        .map(name => `${path}:${String(lineOf(tree, node))} uses ${name}: a test runs, or it goes`)
    }),
  )
}

/** Two tests with one name cannot be told apart in a report. Names that are put together at run time are not looked at. */
export function duplicateTestNames(files: readonly SourceFile[]): string[] {
  const places = new Map<string, string[]>()
  for (const {path, tree} of files) {
    for (const node of nodesOf(tree)) {
      const title = ts.isCallExpression(node) ? testTitle(node) : null
      if (title === null) continue
      places.set(title, [...(places.get(title) ?? []), `${path}:${String(lineOf(tree, node))}`])
    }
  }
  return [...places].filter(([, where]) => where.length > 1).map(([title, where]) => `"${title}": ${where.join(', ')}`)
}

/** The titles of the suites around a test belong to its name. */
function testTitle(call: ts.CallExpression): string | null {
  const called = testCall(call)
  const own = call.arguments[0]
  if (called === null || own === undefined || !ts.isStringLiteralLike(own)) return null
  if (called.name === 'describe' || called.name === 'suite') return null
  const titles = [own.text]
  for (let node: ts.Node = call.parent; !ts.isSourceFile(node); node = node.parent) {
    if (!ts.isCallExpression(node) || testCall(node) === null) continue
    const title = node.arguments[0]
    if (title !== undefined) titles.unshift(ts.isStringLiteralLike(title) ? title.text : title.getText())
  }
  return titles.join(' > ')
}

/** `test(…)`, `t.test(…)`, `describe.only(…)`; null for any other call. */
function testCall({expression}: ts.CallExpression): {name: string; member: string} | null {
  if (ts.isIdentifier(expression))
    return testFunctions.has(expression.text) ? {name: expression.text, member: ''} : null
  if (!ts.isPropertyAccessExpression(expression) || !ts.isIdentifier(expression.expression)) return null
  const object = expression.expression.text
  const member = expression.name.text
  if (testFunctions.has(object)) return {name: object, member}
  return object === 't' && member === 'test' ? {name: 'test', member: ''} : null
}

/** `t.skip()` and `t.todo()` inside a test. */
function switchOfContext({expression}: ts.CallExpression): string[] {
  if (!ts.isPropertyAccessExpression(expression) || !ts.isIdentifier(expression.expression)) return []
  return expression.expression.text === 't' ? [expression.name.text] : []
}

function optionNames(call: ts.CallExpression): string[] {
  return call.arguments
    .filter(argument => ts.isObjectLiteralExpression(argument))
    .flatMap(({properties}) => properties.map(property => property.name?.getText() ?? ''))
}
