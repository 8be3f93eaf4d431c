// Our own source text, parsed, for the tests that hold the architecture.

import {readdirSync, readFileSync} from 'node:fs'
import {join, sep} from 'node:path'
import ts from 'typescript'

export interface SourceImport {
  /** As written: `../core/table-id.ts`, `node:fs`. */
  readonly specifier: string
  /** Path below the project where it is one of our own files, else null. */
  readonly target: string | null
  readonly typeOnly: boolean
  readonly line: number
}

export interface SourceFile {
  /** Below the project, with `/`: `src/core/table-id.ts`. */
  readonly path: string
  readonly lines: number
  readonly tree: ts.SourceFile
  readonly imports: readonly SourceImport[]
}

export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap(folder => {
    const names = readdirSync(join(root, folder), {recursive: true, encoding: 'utf8'})
    const paths = names.filter(name => name.endsWith('.ts')).map(name => `${folder}/${name.split(sep).join('/')}`)
    return paths.sort().map(path => parseSource(path, readFileSync(join(root, path), 'utf8')))
  })
}

export function parseSource(path: string, text: string): SourceFile {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)
  return {path, lines: text.split('\n').length - 1, tree, imports: importsOf(path, tree)}
}

/** Every node of the file, outermost first. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node
  for (const child of node.getChildren()) yield* nodesOf(child)
}

export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart()).line + 1
}

function importsOf(path: string, tree: ts.SourceFile): SourceImport[] {
  const imports: SourceImport[] = []
  for (const node of nodesOf(tree)) {
    const found = importIn(node)
    if (found === null || !ts.isStringLiteral(found.specifier)) continue
    const specifier = found.specifier.text
    imports.push({specifier, target: ownTarget(path, specifier), typeOnly: found.typeOnly, line: lineOf(tree, node)})
  }
  return imports
}

/** Static imports, re-exports, `import()` of values and of types. */
function importIn(node: ts.Node): {specifier: ts.Node; typeOnly: boolean} | null {
  if (ts.isImportDeclaration(node)) {
    const typeOnly = node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    return {specifier: node.moduleSpecifier, typeOnly}
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
    return {specifier: node.moduleSpecifier, typeOnly: node.isTypeOnly}
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return {specifier: node.argument.literal, typeOnly: true}
  }
  const isCall = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
  const argument = isCall ? node.arguments[0] : undefined
  return argument === undefined ? null : {specifier: argument, typeOnly: false}
}

function ownTarget(from: string, specifier: string): string | null {
  if (!specifier.startsWith('.')) return null
  return new URL(specifier, `file:///${from}`).pathname.slice(1)
}
