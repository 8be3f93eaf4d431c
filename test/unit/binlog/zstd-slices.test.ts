import assert from 'node:assert/strict'
import {test} from 'node:test'
import fc from 'fast-check'
import {ZstdSlices} from '../../../src/binlog/zstd-slices.ts'

class Malformed extends Error {}

function slicesOf(bytes: Buffer, uncompressedBytes: number): Buffer[] {
  const slices = new ZstdSlices({bytes, uncompressedBytes, malformed: what => new Malformed(what)})
  const all: Buffer[] = []
  for (let slice = slices.next(); slice !== null; slice = slices.next()) all.push(slice)
  return all
}

const LINES = Buffer.from(
  Array.from({length: 120}, (_, i) => `${i},customer ${(i * 7919) % 1000} of ${i % 7};`).join(''),
)
const STEPS = Buffer.from(
  Array.from({length: 300_000}, (_, i) => 97 + ((Math.floor(i / 11) + Math.floor(i / 1000)) % 5)),
)

/** Of those whose compression takes one less than the last offset. */
const RUNS = Buffer.from(
  Array.from({length: 500}, (_, i) => `${'x'.repeat(i % 9)}${(i * i) % 91}${'y'.repeat(i % 4)}`).join(''),
)

/** What the zstd program (1.5.4) makes of them. */
const COMPRESSED: readonly (readonly [what: string, content: Buffer, base64: string])[] = [
  [
    'lines at level 1, with a checksum',
    LINES,
    'KLUv/QRI3REAhudSFLAXig2NEUA7k0qS7O7etCcgRqcCVABKAEoAVL3H+pHri9eLYW+UfYUwBM70lNLeIQwhWeknhCF6k28IQ0wZLyEM' +
      'YdPdqPYKYYjKqlMIQ9gZ3SEMcXX+hDAEGucNYYhs9hLCEBIEAgODQcFBAIAE9AphCGfpFMIQdEN3mT4melt0yaLbGb3s6EToe9J+fbH6' +
      'FsIQRuPX2Cch30j+XPktm4tvbsV5Jc7pcu4QhrCaj4udS87c0PMy6ilT+BG7F+0udncjvNfk3X2sR3MX+24leyXZ6cruMvv47C3aJdFu' +
      'l1l2otodwhCdqY+4XnRdjOpGVa+xOsnVjVcfw3or6xLCEDXd2pcQhqi5N+qrerLe1s/1xU622WtKa6QfW/qWpJck6e1K+iqTnnzSuyj9' +
      'SEox05KaMylOdBolVY5lL/PwECvR2GIWb/BVxpMJ74DdqDEom2VGtRtwo1JJGxAQSioaHz1I5ZYHKdzYQSo3dZDATQ6SuIGDVG6+QQZx' +
      'cleDTBhOLjbIlDi5t0EGcXJPxeEGd48k9yhtIUk7iLJFCTtJ18PJOkL14vHbrCdT6IzhhkyhY8kUOpZMGfo2dWnWUNzs89kv7/Fp7aW2' +
      'IduC+m+zldOtfsn2vquv8Ztddj8tFT8k8otVyn1/j19u0/u3qXYeq5amorjHp/X7/c6X2mNNKPp0raZqL7bDxXS7/Y/acKiKbDZp2O9P' +
      'nXi6XBp8dGSo8ufx5/w+5xOoIlBJ8wwIE5D8Iel0/ivrKiwlvts=',
  ],
  [
    'lines at level 19',
    LINES,
    'KLUv/QBo5Q8ApmpUFZAnxRxY207B7G7PoKWlJav5ITOmB1EATQBNADW3TI452YpyJcp0KU/JMpVbkSNFNhy5jDpR9RHrEteL18OwG2Uv' +
      '6RTtk+3Sk7xSg8cM3Ua1q7JqsjN6rm4WHJSbzR4DoTDEQCAwUDAoOAgAiFU7qGFXJGuJwXpwriYjq4uqahOj+uKmRjyp07B1VEbdSVpa' +
      'pCdL0wk9NbQM0W0NjVlC51npsAu6hDmLJM4zF+ewzkYyl8xMQfMgzXIBkqdY8+hF3rzE5RDxqTycxvBqC7cs4XeCVw1OQ/hI4RJ2F+0O' +
      'u9sI75K8ie7DudEqd5L0jpm4W0pbktCeq7OpzOyaK9uKZF/i2HgpdgbHQCgMtWk3ovaSaqew9kFrF7v2EraHZLu1PTLae83oUhJdZqK3' +
      'FD2SottV9CqLTnPRpxhdIqMXM3PBfKiXk4jlFVO54VB+RpMjVYDtqCEIUO5+B6CXVAcQEDAmH/Diyy/ffPnlW4prgDkHTO+Q6MYdd9ht' +
      'AZ4W/rLhhxV81/izhq865PEOp53MSg2FclZnrx3ffnn+y/OdpBPEoOp5ysGg1HJDFw85bVkcDHqppHSLjum2XyIdC+GcbiZbJN5dPPfF' +
      'uS/OffFFefdUnf+yqYJP70nDo4JD7z1D+6jfuV2TYXJlghEDRkgwZsBBOFyjWaNVAQ==',
  ],
  [
    'short runs at level 19',
    RUNS,
    'KLUv/QBoHR4ARiU8DdBnDQQATUREhMgAawY0ADgANQDmq5qM22g74c7t1K+Uk/A2Y240RqgoYRP0Z8qH8W0gvJ0jI8htR/w3Ev6N+oR+' +
      '2/kmHgUB0432uR1BdswgNkKPRmP2fqfeCdNtZGxFaZR4W9VNHGQ8VW+hLlQ9hg3y7ZQnVm0r8Yz5Q43GbxQkLOWScdWLoe7UKSUK8ntC' +
      'mdAdsyO++Kj4+TRIOOFV/cRTfqEOtRKrxht9NBJ6ZzKP2s5PDBvhIC6xUzfqjLozQSSI8tP4tiAWRIlQIHyjDt75YZBwMo7GV90gwzi1' +
      'RBonEAgF8REPnLZzO5mFQQkFgX6oMZp0QVJQUFBSKTQGUQghURA17wMRIAxHGkhTSxoDhwTILAcFpNhoJVMgeAEErcY+iCgmh/vUoOuz' +
      'q3rWbOk0VVjk4T1Co5GQLYXTkhQ4roPnzhmCL0Bj9tnYmvL7dpzhogxFimk+ONBo318KMMBjwOUno69ALGN5NKbRk9lVwSowmGeh6jDO' +
      'UYSFDvnKUYb/QaUXQiH1bCTQ+UYBhORZl5IGeniTSkKziepmkqbWzqHdo6HvR0HpJQVDhBuh+IY6t0/+q9wqMdJqk5SgdOgRAu/DaK/y' +
      'QSSoVEj7dwPJBho9c2iDJjvaGB4KCNX5Kiww2sEeMmoBGMEv1wKMHHK7XoCsnDb678lcWgfMg6IOoQ7ZKn8kmOy+7CFqzYjVD4QoOxh+' +
      'o4nuo1EeQBPNT/E+c5H0xo1Kb+13vwtpThQSX4Uww926h1Ioc7MGUoJGpIsDLdoknvmeCCqwBXr89/s7gTeBGNCzauczQmo846P7hvB5' +
      'H74odfTC/YeCDF87nuC8hzt1jTF6Lva5oQIbvccXTc2o3yp/UwsUMSkY9FfF7SMAaiNRAL1F+BqdhcS5MICe+f5fv9HVuYR69eZsOIVw' +
      'KdQNFbbdGYdik9+RiaFm1uIZUlIiQXEnC4IKPxkBLrzJET1pazHPAOjmpdzZZy2gq2huJw7LWCGxQWB+/iC/NdeAyfAajVZIarMbGZTg' +
      'm4IyKkQpFMoRfpPuKNd7V04YU/T8arI0W0oJKLMxY57heQiNFbT0gBnwSx5RpESOfnrkESjQp0xB4irl1M7jx45WN1+osNJe0FrYJlSP' +
      'EUdrwEY/Qz1xEvcOKgBAuJye1Kmucsf6fg03GdswAYZxCv18BBFUI2sdyG3sHiI03h4iuhgwiCJY2vKQYWXxUUKOnVHXr0F5iCNueFTc' +
      'APqCO7TaoxwQntERUw7xxfzzWy0cAaVdKkfBY4RluodaB1AF',
  ],
  [
    'three blocks at level 3',
    STEPS,
    'KLUv/QRY/AwA4gUJBvA5Ms3nHlmwBVuwBVuwBVuwBVuwBVuwBVuwBVuwBVuwBVsBgWOoAfsB8WscElhBKPj/E4IRAoWAV+gHleAgggMJ' +
      'DhAMWPAAwQEEBxQcIDiA4AGCgxAcUHCA4ACCBwgOIDig4ADBAQQPEBxAcEDBAwQHEDxAcADBAQUHCA4geIDgAIIDCg4QHIjgAYIDCA4o' +
      'OEBwAMEDBAcQHFBwgOAAggcIHkBwQMEBggMIHiA4gOCAggMEBxA8QHAAwUEKDhAcQPAAwQEEBxQcIDiA4AGCAwgOKDhA8ACCBwgOIDig' +
      '4ADBAQQPEBxAcEDBAYIDCB5EcADBAQUHCA4geIDgAIIDCg4QHEDwAMEBBA8oOEBwAMEDBAcQHFBwgOAAggcIDiA4oOAgggMIHiA4gOCA' +
      'ggMEBxA8QHAAwQEFBwgOIPgAwQEEBxQcIDiA4AGCAwgOKDhAcADBAwQHITig4ADBAQXBWj3UrAySFeCpsxpg/H////////////////7/' +
      '////////////////////////////////////////wQ9IqwQJAAhigQiY4R8AEvj/EwR+BYEDBv0BBgQDBAMEAwQDBQsIDgoOCAYIDggG' +
      'Cg4KDgoOCAYIDggGCg4KDgoGCg4QDBQcEBwULCA4KDggGCA4IBgoOCg4KDggGCA4IBgoOCg4KBgoOCAYKDhAcFCwgOCg4IBggOCAYKDg' +
      'oOCg4IBggOCAYKDgoOCgYKDggGCg4IDgoGABgoOCA4IBggOCgYKDgoOCA4IBggOCgYKDgoOCgYIDgoGCA4KDggUEBwUHCAYIDggGCg4K' +
      'DgoOCAYIDggGCg4KDgoGCg4IBgoOCA4KFhAcFBwQDBAcIBgoOCg4KDggGCA4IBgoOCg4KBgoOCAYKDggOChYQHBQcEAwQHBAMFBwkOCg' +
      '4IBggOCAYKDgpgKoAu0CAAhkS5jgDwAS+P//X2HQH4LBgsGCwYLBgsGCwYLBgsGCwYLBBIMFgwWDBYMFgwWDBYMFgwWDBYMJBgsGCwYL' +
      'BgsGCwYLBgsGCwYLBhMMFgwWDBYMFgwWDBYMllQDKagnCN0=',
  ],
  [
    'many blocks in a window of 2 KB',
    STEPS,
    'KLUv/QAIdAIA4gUJBvA5Ms3nHlmwBVuwBVuwBVuwBVuwBVuwBVuwBVuwBVuwBVsBYaggvgHwNQ4SWMO+/z812jMBLRCsZQtopiPTdDxJ' +
      'GyjvKe93ASAFjAAAEGRkBRAAPYHgCkAKgitghAXMAgDjSg1JkmALtmALtmALtmALtmALtmALtmALtmALtmALtmALtmALtmALtmALtmAL' +
      'tmALtmALtmALNoCsqCB+4McSQDAYBPb7//8ZUWEA0GIn8WIC0IJmGUw+nXwDAIPKDNiCLdiCLdiCLdiCLdiCLdiCLdiCLdiCLdgCC7Zg' +
      'C7ZgC7ZgC7ZgC7ZgC7ZgC7ZgC7YkSYCtqDB8M9BDpTkSGIFgoF//av83AL1bIKUJIlN4+4C2TfBZKYgAAKKJCwKAtzVoO4cZEEAEAN7E' +
      'pKwCAMBjY2VhYmNkZWFiY2RlYWJjZGVhYmNkZWEcAKAI2Ac2A1vAPrAZ2AL2gc3AFrAPbAa2gH1gM7AF7AObgS1gH9gMV0iJp6CgUxTI' +
      'FUAypqgAMjCyAliEAwCEA2FiY2RlYWJjZGVhYmNkZWFiY2RlYWJjZGVhYmNkZWFiY2RlYWJjZGVhYmNkZWFiY2RlYWJjZGVjQahQ/MCz' +
      '0wES2IQ8/v9/pgehimS8TklXSgJX/DaWAVpFHKYGiPIWUaS2QMoQQf//3/9/vZ8CZAMAhAJlZWJjZGVhYmNkZWFiY2RlYWJjZGVhYmNk' +
      'ZWFiY2RlYWJjZGVhYmNkKiDghWUOTUAFLi1VIKMTnlQgt5kt+zbbsm+zLftutmXfZlv2bWbLvs227Ntsyz6bbdm32ZZ9m9mybzOzBTfc' +
      'ogIslAAAEGNjBRAAfSpwqWCoAi4V0KhYlAAAEGFhBRAArSpwqWCoAi4VEKhYlAAAEGRkBRAA3SpwqWCoAi4VUCkslAAAEGJiBRAADSrg' +
      'UsFQBVwqIFFYlAAAEGFhBRAAPSrgUsFQBVwqoCkWlAAAEGRkBRAAbSrgUsFQBVwqIBQLnAAAEGJiBhAANRiqgEsFQxVwqaDGApQAABBl' +
      'ZQUQAISCoQq4VDBUgSEVC5QAABBjYwUQADQFQxVwqWCoAhMqFpQAABBhYgUQACQKDFXApYKhCowpLJQAABBlZQUQAFQKDFXApYKhCswo' +
      'LJQAABBjYwUQAAQqGKqASwVDFRhQWJQAABBhYQUQADQqGKqASwVDFZgJC5wAABBkZAYQAARwqWCoAi4VDFXggwWUAAAQY2MFEAA9gUsF' +
      'QxVwqYBPhQWUAAAQYmIFEAAlBS4VDFXApQImFRaUAAAQZWUFEAAVCrhUMFQBlwo4VFiUAAAQY2MFEABFCrhUMFQBlwrYVSyUAAAQYWEF' +
      'EAB1CrhUMFQBlwp4VSyUAAAQZGQFEAAlKnCpYKgCLhUwqliUAAAQYmMFEABVKnCpYKgCLhVwqViUAAAQYWEFEACFKnCpYKgCLhWwqFiU' +
      'AAAQZGQFEAC1KnCpYKgCLhXwKSyUAAAQYmIFEADlKnCpYKgCLhUwKSyUAAAQZWUFEAAVKuBSwVAFXCrgUFiUAAAQY2MFEABFKuBSwVAF' +
      'XCpgKRaUAAAQYmIFEAB1KuBSwVAFXCqghAWcAAAQZWUGEAANGKqASwVDFXCpoMMClAAAEGNjBRAAjIKhCrhUMFSBHRULlAAAEGFhBRAA' +
      'PAVDFXCpYKgCCyoWlAAAEGRkBRAALAoMVcClgqEKbCkslAAAEGJjBRAAXAoMVcClgqEKrCgslAAAEGFhBRAADCoYqoBLBUMV2CkWlAAA' +
      'EGRkBRAAPCoYqoBLBUMVWBQLnAAAEGJiBhAACHCpYKgCLhUMVUDEApQAABBhYQUQAJWASwVDFXCpgE6FBZQAABBkZAUQAC0FLhUMVcCl' +
      'AiIVFpQAABBjYwUQAB0KuFQwVAGXCihUWJQAABBhYQUQAE0KuFQwVAGXCshVLJQAABBkZAUQAH0KuFQwVAGXCmhVLJQAABBiYgUQAC0q' +
      'cKlgqAIuFRCqWJQAABBlZQUQAF0qcKlgqAIuFVCpWJQAABBjZAUQAI0qcKlgqAIuFZCoWJQAABBiYgUQAL0qcKlgqAIuFdApLJQAABBl' +
      'ZQUQAO0qcKlgqAIuFRApLJQAABBjYwUQAB0q4FLBUAVcKqBQWJQAABBhYQUQAE0q4FLBUAVcKiApFpQAABBkZAUQAH0q4FLBUAVcKuCJ' +
      'BZwAABBjYwYQAEowVAGXCoYq4FLAxQKUAAAQYWEFEAA0gaEKuFQwVIEZFQuUAAAQZGQFEAAECgxVwKWCoQoMqFiUAAAQYmIFEAA0CgxV' +
      'wKWCoQpMKSyUAAAQZWUFEABkCgxVwKWCoQqMKCyUAAAQY2QFEAAUKhiqgEsFQxWYKRaUAAAQYmIFEABEKhiqgEsFQxUYFAucAAAQZWUG' +
      'EAAgcKlgqAIuFQxVQMEClAAAEGRkBRAAhQKXCoYq4FIBmwoLlAAAEGJiBRAANQUuFQxVwKUCHhUWlAAAEGVlBRAAJQq4VDBUAZcKGFRY' +
      'lAAAEGRkBRAAVQq4VDBUAZcKuFUslAAAEGJiBRAABSpwqWCoAi4VsKpYlAAAEGVlBRAANSpwqWCoAi4V8KlYlAAAEGNjBRAAZSpwqWCo' +
      'Ai4VMKlYlAAAEGFhBRAAlSpwqWCoAi4VcKhYlAAAEGRlBRAAxSpwqWCoAi4VsCkslAAAEGNjBRAA9SpwqWCoAi4V8CgslAAAEGFhBRAA' +
      'JSrgUsFQBVwqYFBYlAAAEGRkBRAAVSrgUsFQBVwq4AkLlAAAEGJiBRAAhSrgUsFQBVwqIMIC9AIAJAJlZWFiY2RlYWJjZGVhYmNkZWFi' +
      'Y2RlYWJjZGVhYmNkZWFiJCDghWUOtUAFJVqqwGEnGKpAbjNb9m22Zd9mW/bdbMu+zbbs28yWfZtt2bfZln0227Jvsy1wX7Y9BJwAABBk' +
      'ZAYQAEvoVUGJCr0qKFEAwwKUAAAQYmIFEAA1Qa8KSlToVYE9hQWUAAAQZWUFEAAFCnpVUKJCrwosKSyUAAAQY2MFEAA1CnpVUKJCrwps' +
      'KCyUAAAQYWEFEABlCnpVUKJCrwqsFAuUAAAQZGUFEAAVKvSqoESFXhWYhAWcAAAQY2MGEAA4lKjQq4ISFXpVQMYClAAAEGJiBRAAjUKJ' +
      'Cr0qKFHBpgoLlAAAEGVlBRAAPYUSFXpVUKKCNRUWlAAAEGNjBRAALQpKVOhVQYkKdlRYlAAAEGFhBRAAXQpKVOhVQYkKFlRYlAAAEGVl' +
      'BRAADSqUqNCrghIVbKtYlAAAEGNjBRAAPSqUqNCrghIVrKpYlAAAEGFhBRAAbSqUqNCrghIV7KlYlAAAEGRkBRAAnSqUqNCrghIVLKlY' +
      'lAAAEGJiBRAAzSqUqNCrghIVbKhYlAAAEGVhBRAA/SqUqNCrghIVrCkslAAAEGRkBRAALSooUaFXBSUq2FFYlAAAEGJiBRAAXSooUaFX' +
      'BSUqWFBYlAAAEGVlBRAAjSooUaFXBSUq2AkLlAAAEGNjBRAAvSooUaFXBSUq2MQC9AIA6GFhYmNkZWFiY2RlYWJjZGVhYmNkZWFiY2Rl' +
      'YWJjHwDtQAVurSigPnFCL1AB5AObgS1gH9gMbAH7wGZgC9gHNgNbwD6wGdgC9oHNwBawD2wGtoB9YDOwBewDm7E5N5QAABBlZQYQACCg' +
      'V4GbAnoVuAm0WJQAABBjYwUQADYBvQrcFNCrwJDCApQAABBhYQUQAAYK6FXgpoBeBSYUFpQAABBkZAUQADYK6FXgpoBeBUaKBZQAABBi' +
      'YgUQAGYK6FXgpoBeBXZiAZQAABBlYQYQAEtwU0CvAjcF9CoYsJQAABBlZQUQADWBmwJ6FbgpoKzCApQAABBjYwUQAAUK3BTQq8BNAU0V' +
      'FpQAABBhYQUQADUK3BTQq8BNATUVFpQAABBkZAUQAGUK3BTQq8BNAR0VFpQAABBiYgUQABUquCmgV4GbAgoqLJQAABBhYQUQAEUquCmg' +
      'V4GbAtoqFpQAABBkZAUQAHUquCmgV4GbAqoqFpQAABBiYgUQAKUquCmgV4GbAnoqFpQAABBlZQUQANUquCmgV4GbAkoqFpQAABBjYwUQ' +
      'AAUqcFNArwI3BTRULJQAABBhYgUQADUqcFNArwI3BdQUFpQAABBlZQUQAGUqcFNArwI3BXQUFpQAABBjYwUQAJUqcFNArwI3BRQUFpQA' +
      'ABBhYQUQAMUqcFNArwI3BXTCApQAABhkZGIFEAD0KnBTQK8CNwU0scwDACQDYmJjZGVhYmNkZWFiY2RlYWJjZGVhYmNkZWFiY2RlYWJj' +
      'ZGVhYmNkZWFiY2RlYWJjZGU0IODHW/ZtttICvYJ2kEGBBxkUeJBBgQcZFHgggwIPMijwIIMCxwa9CuM227Jvsy37Ntti32Zb9m22Zd9m' +
      'W/ZtxrZgS0OMAgAzxwjAFmzBFmzBFmzBFmzBFmzBFmzBFmzBhi3Ygi3Ygi3Ygi3YCnaoMPzwhTUSQBBAIAgw4Nv/2P8zZkQl7h9IE7yk' +
      'QUt5mOWEToFeK/6VSVJcAgBwZGRlYWJjZGVhYmNkZWEZACYbyBUWyAVyBCSHLAGAXAC7KCC1VhWuIpAj4KkATWmQygDYBzYDW8A+sBnY' +
      'AvaBzcAWsA9sBrbIABb0AAAwYmJiY2RlCACsrYsK1EUBukEFsA9sBrbgirsTwAJEAQCQZWVjZGRlYWFhYmNjY2NjY2NjCAC4baCDCoBc' +
      '3IbQQQ1QDrexBbQBFAEAWGRkZGVjY2NkZWFiCQCBANAOAAPWoIMaYFzcRsJBBRsgAuQAAFBiY2NkZWFhYWFiCRAANsHQzYNBr7C33FrP' +
      'FRb0AABYYWFiY2NjZGRlZWEJEAAECsjsIwJ5BZn2ZcFthQXEAAAwZGRhYmNjCBAAPQr7tjBeQcHNhfVZYQHcAAA4YmJkZWVhYgcAbUAB' +
      'kIvbEDqoAcrhNuawAm0EAQBYZWViYmNkZGRkZWEHAB1AAcAXtxF0UAHki9uGtwpgAcQAADBjY2JjZGUJEABNCusgCwa9oh0wa11VWAQB' +
      'AGhiYmFiYmJiY2NkZGRlCRAAdQo4gudG8gqGbh6snwoL5AAASGVlZWFhYmJjZAkQAKMKaNxc2PEayOwjgpMKC8wAAChjY2RlYQcA3UAB' +
      '0IfbGDqoBjaDzXqoABb0AABIYWFhYmNjY2RlBwANQAWQL24b6KACIBe3YXcVYAH8AABIZGRlZWVhYmNkCAA9QAFoB4ABa9BBDTAubiO+' +
      'KsAC7AAAUGJjZWFiY2NjY2QJEABmKhi6eTDoFfaWW+uoYgH0AABYYWFkZWVlYWFiYmMJEACUKiCzjwjkFWTalwUvFQvEAAAwZGRjZGVl' +
      'CBAAzSrs28J4BQU3F9ZFxQLcAAA4YmJhYmJjZAcA/UAFQC5uQ+igBiiH25ifAm38AABYZWVkZGVhYWFhYmMHAC1BBTAubiPooALIF7cN' +
      'JwWwxAAAMGNjZGVhYgkQAF0L7C23Br2iHTBrPRQWBAEAaGJiY2RkZGRlZWFhYWIJEACFK8i0L4vkFQzdPFiXYgHcAABIZWViY2NkZGVh' +
      'CRAAsysouLmw4zWQ2UcES1gMAQBAY2NhYmNjZGUKAIAAIBe3IXRQA5TDbQwdVAObwWZngAWtAABgYmVlYWJiYmJiYmJiAgC4bY5X4Ao=',
  ],
]

for (const [what, content, base64] of COMPRESSED) {
  test(`what zstd compressed comes out as it was: ${what}`, () => {
    const slices = slicesOf(Buffer.from(base64, 'base64'), content.length)
    assert.ok(Buffer.concat(slices).equals(content))
    assert.ok(slices.every(slice => slice.length <= 128 * 1024))
  })
}

test('slices that were given out stay as they are', () => {
  const [, content, base64] = COMPRESSED.at(-1)!
  const slices = new ZstdSlices({
    bytes: Buffer.from(base64, 'base64'),
    uncompressedBytes: content.length,
    malformed: what => new Malformed(what),
  })
  const first = slices.next()!
  const copy = Buffer.from(first)
  while (slices.next() !== null) assert.ok(first.equals(copy))
})

test('a stream that was cut off anywhere, or says another size, is malformed', () => {
  for (const [, content, base64] of COMPRESSED) {
    const whole = Buffer.from(base64, 'base64')
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => slicesOf(whole.subarray(0, length), content.length), Malformed)
    }
    for (const size of [content.length - 1, content.length + 1, 1])
      assert.throws(() => slicesOf(whole, size), Malformed)
  }
})

test('whatever bytes a stream holds, it ends, with its content or as malformed', () => {
  const which = fc.nat(COMPRESSED.length - 1)
  const change = fc.tuple(fc.double({min: 0, max: 1, maxExcluded: true, noNaN: true}), fc.nat(255))
  fc.assert(
    fc.property(which, fc.array(change, {minLength: 1, maxLength: 5}), (index, changes) => {
      const [, content, base64] = COMPRESSED[index]!
      const bytes = Buffer.from(base64, 'base64')
      for (const [at, value] of changes) bytes[Math.floor(at * bytes.length)] = value
      try {
        assert.equal(Buffer.concat(slicesOf(bytes, content.length)).length, content.length)
      } catch (error) {
        assert.ok(error instanceof Malformed, String(error))
      }
    }),
    {numRuns: 2000},
  )
})
