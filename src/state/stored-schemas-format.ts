// The part of the stored state that holds definitions of tables, as a JSON schema.

const text = {type: 'string'} as const
const whole = {type: 'integer', minimum: 0} as const

const column = {
  type: 'object',
  required: ['name', 'type'],
  properties: {
    name: text,
    type: text,
    unsigned: {type: 'boolean'},
    nullable: {type: 'boolean'},
    length: whole,
    precision: whole,
    scale: whole,
    fraction: whole,
    charset: text,
    labels: {type: 'array', items: text},
  },
} as const

export const storedSchemasFormat = {
  type: 'array',
  items: {
    type: 'object',
    required: ['table', 'versions'],
    properties: {
      table: {type: 'object', required: ['database', 'table'], properties: {database: text, table: text}},
      versions: {
        type: 'array',
        minItems: 1,
        items: {
          type: 'object',
          required: ['since', 'shape'],
          properties: {
            since: {...text, nullable: true},
            shape: {
              type: 'object',
              nullable: true,
              required: ['columns', 'primaryKey'],
              properties: {columns: {type: 'array', items: column}, primaryKey: {type: 'array', items: whole}},
            },
          },
        },
      },
    },
  },
} as const
