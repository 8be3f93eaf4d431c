import type {CharsetWriter} from './charset.ts'
export function multiByteTable(_charset: string): CharsetWriter | null {
  return null
}
