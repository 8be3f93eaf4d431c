/** Of all the bench's tables; dropped and made anew at its start. */
export const database = 'tidemark_bench'
