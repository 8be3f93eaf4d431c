// How a place in the stream, prepared transactions and a branch of the stream stand in the checkpoint.

import {storedSchemasFormat} from './stored-schemas-format.ts'

const text = {type: 'string'} as const
const whole = {type: 'integer', minimum: 0} as const

export const offsetFormat = {
  type: 'object',
  required: ['file', 'pos', 'gtidSet', 'rows', 'sid', 'gno'],
  properties: {file: text, pos: whole, gtidSet: {...text, nullable: true}, rows: whole, sid: text, gno: whole},
} as const

export const preparedFormat = {
  type: 'array',
  items: {
    type: 'object',
    required: ['xid', 'sid', 'gno', 'file', 'pos'],
    properties: {xid: text, sid: text, gno: whole, file: text, pos: whole},
  },
} as const

const table = {type: 'object', required: ['database', 'table'], properties: {database: text, table: text}} as const
const extent = {
  type: 'object',
  required: ['file', 'pos', 'gtidSet'],
  properties: {file: text, pos: whole, gtidSet: {...text, nullable: true}},
} as const

export const branchFormat = {
  type: 'object',
  required: ['state', 'table'],
  properties: {state: text, table},
  oneOf: [
    {
      required: ['copyId', 'from', 'mainUntil', 'isAgain'],
      properties: {
        state: {const: 'copying'},
        copyId: text,
        from: offsetFormat,
        mainUntil: {...extent, nullable: true},
        isAgain: {type: 'boolean'},
        prepared: preparedFormat,
        schemas: storedSchemasFormat,
      },
    },
    {
      required: ['from'],
      properties: {
        ...{state: {const: 'following'}, from: offsetFormat, mainUntil: extent},
        ...{prepared: preparedFormat, schemas: storedSchemasFormat},
      },
    },
    {required: ['until'], properties: {state: {const: 'adopted'}, until: extent}},
  ],
} as const
