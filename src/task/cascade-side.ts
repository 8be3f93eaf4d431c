// Cascades of foreign keys that the binlog does not show: the tables that they change are said to have diverged.

import type {TableId} from '../core/table-id.ts'
import type {TableCatalog} from '../stream/captured-table.ts'
import type {CascadeBook} from '../stream/cascade-book.ts'
import {CascadeWatch} from '../stream/cascade-watch.ts'
import type {Dispatcher} from '../stream/dispatcher.ts'
import type {Divergences} from './divergences.ts'

export interface CascadeSideParts {
  readonly catalog: Pick<TableCatalog, 'isCaptured' | 'lastKey'>
  readonly divergences: Pick<Divergences, 'cascaded'>
  /** May come into being later. */
  readonly dispatcher: () => Pick<Dispatcher, 'reached' | 'omits'>
}

/** What a stream's dispatcher is given; nothing where the server logs cascades, or none is known of. */
export function watchCascades(
  book: CascadeBook | null,
  {catalog, divergences, dispatcher}: CascadeSideParts,
): {readonly cascades?: CascadeWatch} {
  if (book === null) return {}
  const cascades = new CascadeWatch({
    book,
    reached: () => dispatcher().reached,
    owns: (child: TableId) => catalog.isCaptured(child) && !dispatcher().omits(child),
    lastKey: child => catalog.lastKey(child),
    onCascade: ({child, ...cascade}) => {
      const {file, pos} = dispatcher().reached
      divergences.cascaded(child, `${file}:${pos}`, cascade)
    },
  })
  return {cascades}
}
