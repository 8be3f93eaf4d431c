// The header that names the copy a read event belongs to, and the truncate event that begins it.

export const COPY_ID_HEADER = '__tidemark.copy.id'
