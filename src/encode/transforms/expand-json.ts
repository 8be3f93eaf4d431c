// table.expand.json.payload: a JSON text as the structure that it says, with the schema that Debezium infers from it.

import {ByteWriter} from '../../core/byte-writer.ts'
import {writeDouble} from '../values/float-transcoder.ts'
import {jsonStringBytes, jsonText} from '../json-bytes.ts'
import {jsonElements, jsonMembers} from '../json-slices.ts'
import type {Schema} from '../schemas/connect-schema.ts'
import {schemaText} from '../schemas/connect-schema.ts'

export interface ExpandedJson {
  /** As JSON text. */
  readonly schema: string
  readonly json: string
}

export interface ExpansionOptions {
  /** Of the struct. */
  readonly name: string
  /** table.json.payload.null.behavior=optional_bytes */
  readonly keepsNulls: boolean
}

type Node =
  | {readonly type: 'string'; readonly value: string}
  | {readonly type: 'boolean'; readonly value: boolean}
  | {readonly type: 'int32' | 'int64' | 'double'; readonly text: string}
  | {readonly type: 'null'}
  | {readonly type: 'array'; readonly elements: readonly Node[]}
  | {readonly type: 'object'; readonly members: ReadonlyMap<string, Node>}

const INT = /^-?\d+$/

/** Null where Debezium leaves the text as it is: what is no object, and what no one schema fits. */
export function expandJson(text: string, options: ExpansionOptions): ExpandedJson | null {
  if (!text.startsWith('{')) return null
  try {
    // Checked by the engine's parser; blanks between the tokens go. Numbers keep their text.
    JSON.parse(text)
    const bytes = Buffer.from(withoutBlanks(text))
    const node = nodeAt(bytes, 0, bytes.length)
    const schema = schemaOf(options.name, node, options)
    if (schema === null) return null
    return {schema: schemaText(schema), json: valueText(node, schema)}
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

function withoutBlanks(text: string): string {
  return text.replace(/("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g, (_, quoted: string | undefined) => quoted ?? '')
}

function nodeAt(bytes: Buffer, start: number, end: number): Node {
  const first = String.fromCharCode(bytes[start]!)
  if (first === '{') {
    const members = [...jsonMembers(bytes, start)].map(
      ([name, slice]) => [name, nodeAt(bytes, slice.start, slice.end)] as const,
    )
    return {type: 'object', members: new Map(members)}
  }
  if (first === '[') {
    return {type: 'array', elements: jsonElements(bytes, start).map(slice => nodeAt(bytes, slice.start, slice.end))}
  }
  const text = bytes.toString('utf8', start, end)
  if (first === '"') return {type: 'string', value: JSON.parse(text) as string}
  if (text === 'null') return {type: 'null'}
  if (text === 'true' || text === 'false') return {type: 'boolean', value: text === 'true'}
  return numberNode(text)
}

function numberNode(text: string): Node {
  if (!INT.test(text)) return {type: 'double', text: doubleText(Number(text))}
  const value = BigInt(text)
  if (BigInt.asIntN(32, value) === value) return {type: 'int32', text: String(value)}
  if (BigInt.asIntN(64, value) === value) return {type: 'int64', text: String(value)}
  throw new SyntaxError('a whole number above 64 bits has no schema')
}

function doubleText(value: number): string {
  const out = new ByteWriter(32)
  writeDouble(value, out)
  return out.view().toString('latin1')
}

/** Null: what has this schema is left out. */
function schemaOf(name: string | null, node: Node, options: ExpansionOptions): Schema | null {
  switch (node.type) {
    case 'string':
    case 'boolean':
    case 'int32':
    case 'int64':
    case 'double':
      return {type: node.type, optional: true}
    case 'null':
      return options.keepsNulls ? {type: 'bytes', optional: true} : null
    case 'array':
      if (node.elements.length === 0) return null
      return {type: 'array', items: elementSchema(name, node.elements, options), optional: true}
    case 'object': {
      const fields = [...node.members].flatMap(([field, member]) => {
        const schema = schemaOf(name === null || name === '' ? field : `${name}.${field}`, member, options)
        return schema === null ? [] : [{...schema, field}]
      })
      return {type: 'struct', fields, optional: true, ...(name === null ? {} : {name})}
    }
  }
}

/** Of all elements: one type, and of objects all fields together. */
function elementSchema(name: string | null, elements: readonly Node[], options: ExpansionOptions): Schema {
  const present = elements.filter(({type}) => type !== 'null')
  const [sample] = present
  if (present.some(({type}) => type !== sample!.type)) throw new SyntaxError('an array of several types has no schema')
  if (sample?.type !== 'object') {
    const schema = schemaOf(null, sample ?? {type: 'null'}, options)
    if (schema === null) throw new SyntaxError('an array of nothing has no schema')
    return schema
  }
  const schemas = present.map(element => schemaOf(name, element, options)!)
  const distinct = [...new Map(schemas.map(schema => [JSON.stringify(schema), schema])).values()]
  return distinct.reduce(mergedSchema)
}

function mergedSchema(left: Schema, right: Schema): Schema {
  const fields = new Map((left.fields ?? []).map(field => [field.field!, field]))
  for (const field of right.fields ?? []) {
    const known = fields.get(field.field!)
    const isBetter = known?.type === 'bytes' && field.type !== 'bytes'
    if (known === undefined || isBetter) fields.set(field.field!, field)
  }
  const {optional: _, ...rest} = left
  return {...rest, fields: [...fields.values()], optional: false}
}

function valueText(node: Node, schema: Schema): string {
  switch (node.type) {
    case 'string':
      return jsonStringBytes(node.value).toString()
    case 'boolean':
      return String(node.value)
    case 'null':
      return 'null'
    case 'array':
      return `[${node.elements.map(element => valueText(element, schema.items!)).join(',')}]`
    case 'object': {
      const members = (schema.fields ?? []).map(field => {
        const member = node.members.get(field.field!)
        if (member !== undefined && member.type !== 'null' && schemaType(member) !== field.type) {
          throw new SyntaxError('objects of an array have no schema in common')
        }
        const name = jsonText(JSON.stringify(field.field))
        return `${name}:${member === undefined ? 'null' : valueText(member, field)}`
      })
      return `{${members.join(',')}}`
    }
    default:
      return node.text
  }
}

function schemaType(node: Node): string {
  return node.type === 'object' ? 'struct' : node.type
}
