// A judge of Connect's `{schema, payload}` frames: the form of the schema itself, and the payload against it, as a
// JsonConverter at the other end would take them apart.

const PRIMITIVES = ['int8', 'int16', 'int32', 'int64', 'float', 'double', 'boolean', 'string', 'bytes'] as const
const INTEGER_BITS: Readonly<Record<string, bigint>> = {int8: 8n, int16: 16n, int32: 32n, int64: 64n}
/** What a schema may have, by type; in the JsonConverter's own order. */
const MEMBERS = ['type', 'fields', 'items', 'keys', 'values', 'optional', 'name', 'version', 'doc', 'parameters']
const ORDER = [...MEMBERS, 'default', 'field']
const DECIMAL = 'org.apache.kafka.connect.data.Decimal'
/** Types that Connect and Debezium give to their semantic names. */
const NAMED_TYPES: Readonly<Record<string, string>> = {
  [DECIMAL]: 'bytes',
  'org.apache.kafka.connect.data.Date': 'int32',
  'org.apache.kafka.connect.data.Time': 'int32',
  'org.apache.kafka.connect.data.Timestamp': 'int64',
  'io.debezium.time.Date': 'int32',
  'io.debezium.time.Year': 'int32',
  'io.debezium.time.Timestamp': 'int64',
  'io.debezium.time.MicroTimestamp': 'int64',
  'io.debezium.time.NanoTimestamp': 'int64',
  'io.debezium.time.MicroTime': 'int64',
  'io.debezium.time.NanoTime': 'int64',
  'io.debezium.time.ZonedTimestamp': 'string',
  'io.debezium.time.IsoDate': 'string',
  'io.debezium.time.IsoTime': 'string',
  'io.debezium.time.IsoTimestamp': 'string',
  'io.debezium.data.Bits': 'bytes',
  'io.debezium.data.Enum': 'string',
  'io.debezium.data.EnumSet': 'string',
  'io.debezium.data.Json': 'string',
  'io.debezium.data.FloatVector': 'array',
  'io.debezium.data.geometry.Point': 'struct',
  'io.debezium.data.geometry.Geometry': 'struct',
}

/** A JSON number with all its digits. */
class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Json = null | boolean | string | NumberText | readonly Json[] | JsonObject
type JsonObject = ReadonlyMap<string, Json>

/** What is wrong with a frame, by its places; empty: nothing. */
export function frameProblems(text: string): string[] {
  const problems: string[] = []
  const frame = parseJson(text)
  if (!isObject(frame)) return ['the frame is no object']
  if ([...frame.keys()].join() !== 'schema,payload') problems.push(`the frame has ${[...frame.keys()].join()}`)
  const schema = frame.get('schema') ?? null
  checkSchema(schema, 'schema', problems)
  if (problems.length === 0 && isObject(schema))
    checkValue(schema, frame.get('payload') ?? null, {at: 'payload', problems})
  return problems
}

function checkSchema(schema: Json, at: string, problems: string[]): void {
  const before = problems.length
  const say = (problem: string): void => {
    problems.push(`${at}: ${problem}`)
  }
  if (!isObject(schema)) {
    say('no object')
    return
  }
  const type = schema.get('type')
  const keys = [...schema.keys()]
  const known = ORDER.filter(key => schema.has(key))
  if (keys.join() !== known.join()) say(`has the members ${keys.join()}, wanted them as ${known.join()}`)
  if (typeof schema.get('optional') !== 'boolean') say('optional is no boolean')
  for (const key of ['name', 'doc', 'field']) {
    if (schema.has(key) && typeof schema.get(key) !== 'string') say(`${key} is no text`)
  }
  checkVersion(schema, say)
  checkParameters(schema, say)
  checkParts(schema, at, problems)
  const name = schema.get('name')
  const wanted = typeof name === 'string' ? NAMED_TYPES[name] : undefined
  if (wanted !== undefined && wanted !== type)
    say(`${JSON.stringify(name)} is ${JSON.stringify(type)}, wanted ${wanted}`)
  if (problems.length > before || !schema.has('default')) return
  const fallback = schema.get('default') ?? null
  if (fallback === null) say('default is null')
  else checkValue(schema, fallback, {at: `${at}.default`, problems})
}

function checkVersion(schema: JsonObject, say: (problem: string) => void): void {
  if (!schema.has('version')) return
  const version = schema.get('version')
  if (!(version instanceof NumberText) || !/^[1-9]\d*$/.test(version.text)) say('version is no whole number')
  if (!schema.has('name')) say('has a version without a name')
}

function checkParameters(schema: JsonObject, say: (problem: string) => void): void {
  const parameters = schema.get('parameters')
  if (schema.get('name') === DECIMAL) {
    const scale = isObject(parameters) ? parameters.get('scale') : undefined
    if (typeof scale !== 'string' || !/^\d+$/.test(scale)) say('a Decimal without a scale')
  }
  if (parameters === undefined) return
  if (!isObject(parameters) || parameters.size === 0) {
    say('parameters are no object, or empty')
    return
  }
  for (const [key, value] of parameters) if (typeof value !== 'string') say(`the parameter ${key} is no text`)
}

/** Fields of a struct, items of an array, keys and values of a map. */
function checkParts(schema: JsonObject, at: string, problems: string[]): void {
  const type = schema.get('type')
  const parts = ['fields', 'items', 'keys', 'values'].filter(key => schema.has(key)).join()
  const wanted = type === 'struct' ? 'fields' : type === 'array' ? 'items' : type === 'map' ? 'keys,values' : ''
  const isKnown = wanted !== '' || PRIMITIVES.some(primitive => primitive === type)
  if (!isKnown) problems.push(`${at}: the type is ${JSON.stringify(type)}`)
  if (parts !== wanted) problems.push(`${at}: has ${parts || 'no parts'}, wanted ${wanted || 'none'}`)
  for (const key of ['items', 'keys', 'values']) {
    if (schema.has(key)) checkSchema(schema.get(key) ?? null, `${at}.${key}`, problems)
  }
  const fields = schema.get('fields')
  if (fields === undefined) return
  if (!Array.isArray(fields)) {
    problems.push(`${at}: fields is no array`)
    return
  }
  const names = new Set<Json>()
  for (const field of fields as readonly Json[]) {
    const name = isObject(field) ? (field.get('field') ?? null) : null
    if (typeof name !== 'string') problems.push(`${at}: a field without a name`)
    else if (names.has(name)) problems.push(`${at}: two fields ${name}`)
    names.add(name)
    checkSchema(field, `${at}.${typeof name === 'string' ? name : '?'}`, problems)
  }
}

interface Place {
  readonly at: string
  readonly problems: string[]
}

function checkValue(schema: JsonObject, value: Json, place: Place): void {
  const {at, problems} = place
  const type = schema.get('type') as string
  if (value === null) {
    if (schema.get('optional') !== true) problems.push(`${at}: null in what is not optional`)
    return
  }
  if (!isOfType(schema, type, value)) {
    problems.push(
      `${at}: ${JSON.stringify(value instanceof NumberText ? value.text : value).slice(0, 60)} is no ${type}`,
    )
    return
  }
  if (type === 'struct') checkStruct(schema, value as JsonObject, place)
  if (type === 'array') {
    const items = schema.get('items') as JsonObject
    for (const [i, item] of (value as readonly Json[]).entries()) checkValue(items, item, {at: `${at}[${i}]`, problems})
  }
  if (type === 'map') {
    for (const [key, item] of value as JsonObject) {
      checkValue(schema.get('values') as JsonObject, item, {at: `${at}.${key}`, problems})
    }
  }
  checkAllowed(schema, value, place)
}

function checkStruct(schema: JsonObject, value: JsonObject, {at, problems}: Place): void {
  const fields = schema.get('fields') as readonly JsonObject[]
  const wanted = fields.map(field => field.get('field') as string)
  if ([...value.keys()].join('\0') !== wanted.join('\0')) {
    problems.push(`${at}: has the fields ${[...value.keys()].join()}, wanted ${wanted.join()}`)
  }
  for (const field of fields) {
    const name = field.get('field') as string
    checkValue(field, value.get(name) ?? null, {at: `${at}.${name}`, problems})
  }
}

/** A label of an enum; '' is the error value of index 0. */
function checkAllowed(schema: JsonObject, value: Json, {at, problems}: Place): void {
  const parameters = schema.get('parameters')
  const allowed = isObject(parameters) ? parameters.get('allowed') : undefined
  const isMapped = isObject(parameters) && (parameters.has('masked') || parameters.has('truncateLength'))
  if (typeof allowed !== 'string' || typeof value !== 'string' || isMapped) return
  const labels = allowed.split(/(?<!\\),/).map(label => label.replaceAll('\\,', ','))
  const found = schema.get('name') === 'io.debezium.data.EnumSet' ? value.split(',') : [value]
  for (const label of found)
    if (label !== '' && !labels.includes(label)) problems.push(`${at}: ${label} is not allowed`)
}

function isOfType(schema: JsonObject, type: string, value: Json): boolean {
  const bits = INTEGER_BITS[type]
  if (bits !== undefined) {
    if (!(value instanceof NumberText) || !/^-?(?:0|[1-9]\d*)$/.test(value.text)) return false
    return BigInt.asIntN(Number(bits), BigInt(value.text)) === BigInt(value.text)
  }
  switch (type) {
    case 'float':
    case 'double':
      return value instanceof NumberText
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
      return typeof value === 'string'
    case 'bytes':
      if (schema.get('name') === DECIMAL && value instanceof NumberText) return hasScale(schema, value.text)
      return typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value
    case 'array':
      return Array.isArray(value)
    default:
      return isObject(value)
  }
}

/** decimal.format NUMERIC: no more digits behind the point than the scale. */
function hasScale(schema: JsonObject, number: string): boolean {
  const scale = Number((schema.get('parameters') as JsonObject).get('scale'))
  return !/e/i.test(number) && (number.split('.')[1] ?? '').length === scale
}

function isObject(value: Json | undefined): value is JsonObject {
  return value instanceof Map
}

/** As JSON.parse, but objects keep the order of their members and numbers their text, and no member stands there twice. */
export function parseJson(text: string): Json {
  const tokens = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*)|(true|false|null))/gsy
  const next = (): RegExpExecArray => {
    const at = tokens.lastIndex
    const match = tokens.exec(text)
    if (match === null) throw new SyntaxError(`no JSON at ${at}: ${text.slice(at, at + 40)}`)
    return match
  }
  const value = (token: RegExpExecArray): Json => {
    if (token[2] !== undefined) return JSON.parse(token[2]) as string
    if (token[3] !== undefined) {
      JSON.parse(token[3])
      return new NumberText(token[3])
    }
    if (token[4] !== undefined) return JSON.parse(token[4]) as boolean | null
    if (token[1] === '[') return list()
    if (token[1] === '{') return object()
    throw new SyntaxError(`${token[1]} where a value was wanted`)
  }
  const list = (): Json[] => {
    const items: Json[] = []
    for (let token = next(); token[1] !== ']'; token = next()) {
      if (token[1] !== ',') items.push(value(token))
    }
    return items
  }
  const object = (): JsonObject => {
    const members = new Map<string, Json>()
    for (let token = next(); token[1] !== '}'; token = next()) {
      if (token[1] === ',') continue
      const key = JSON.parse(token[2] ?? '') as string
      if (members.has(key)) throw new SyntaxError(`the member ${key} is there twice`)
      next()
      members.set(key, value(next()))
    }
    return members
  }
  // The whole must be JSON, too, whatever is lenient above.
  JSON.parse(text)
  return value(next())
}
