// Debezium's adjustment of schema and field names to what Avro takes: letters, digits and underscores, no digit first.

import type {NameAdjustment} from '../config/schema-settings.ts'

/** The name of a schema, in which dots part names and stay. */
export function adjustSchemaName(name: string, mode: NameAdjustment): string {
  return adjusted(name, mode, '.')
}

export function adjustFieldName(name: string, mode: NameAdjustment): string {
  return adjusted(name, mode, '')
}

/** Each UTF-16 unit by itself, as Java does. The underscore begins every code, so with codes it has one itself. */
function adjusted(name: string, mode: NameAdjustment, also: string): string {
  if (mode === 'none') return name
  const isUnicode = mode === 'avro_unicode'
  const replace = isUnicode ? unicodeEscape : () => '_'
  let text = ''
  for (let i = 0; i < name.length; i++) {
    const unit = name[i]!
    const isDigit = unit >= '0' && unit <= '9'
    if (/[A-Za-z]/.test(unit) || (unit === '_' && !isUnicode)) text += unit
    else if (i > 0 && (isDigit || unit === also)) text += unit
    // A digit at the front stays behind its underscore, so that names which differ there only stay apart.
    else text += replace(unit) + (isDigit && !isUnicode ? unit : '')
  }
  return text
}

/** Codes of up to two digits are filled up, those of three are not. */
function unicodeEscape(unit: string): string {
  const hex = unit.charCodeAt(0).toString(16)
  return `_u${hex.length <= 2 ? `00${hex}` : hex}`
}
