// Random texts in MySQL's character sets, as both entrances bring them; see value-images.ts.

import iconv from 'iconv-lite'
import {MYSQL_TYPE} from '../../src/encode/values/image-bytes.ts'
import {columnShape, prefixed} from './encode-value.ts'
import type {ImageType} from './image-type.ts'
import {same, both} from './image-type.ts'
import type {SeededRandom} from './seeded-random.ts'

export const SAMPLES = {
  ascii: 'please leave the parcel with the neighbour, ring twice or call the number on it',
  latin: 'naïve café à Zürich, Straße nach Köln über Århus: “déjà vu”, señor Łódź wie früher',
  greek: 'Καλημέρα κόσμε, το πακέτο είναι στην πόρτα του γείτονα από χθες το πρωί',
  cyrillic: 'Доброе утро, посылка лежит у соседа за дверью со вчерашнего дня, звоните',
  hebrew: 'בוקר טוב, החבילה אצל השכן מאחורי הדלת מאתמול, נא לצלצל פעמיים',
  chinese: '早上好,包裹放在邻居家门口,请按两次门铃或者拨打上面的电话号码',
  traditional: '早安,包裹放在鄰居家門口,請按兩次門鈴或者撥打上面的電話號碼',
  japanese: 'おはようございます、荷物は隣の家のドアの前に置いてあります。電話してください',
  korean: '안녕하세요 소포는 이웃집 문 앞에 있습니다 두 번 벨을 눌러 주세요',
  emoji: 'delivered 😀 to the door 🚪 yesterday 📦 ring twice 🔔🔔 or call ☎ the number 🎉',
}

const CHARSETS: readonly (readonly [charset: string, maxBytes: number, iconv: string, samples: readonly string[]])[] = [
  ['ascii', 1, 'latin1', [SAMPLES.ascii]],
  ['latin1', 1, 'windows-1252', [SAMPLES.ascii, SAMPLES.latin.replace('Łódź', 'Lodz')]],
  ['latin2', 1, 'iso-8859-2', [SAMPLES.ascii, 'Příliš žluťoučký kůň úpěl ďábelské ódy u Łodzi']],
  ['cp1250', 1, 'windows-1250', ['Příliš žluťoučký kůň úpěl ďábelské ódy u Łodzi']],
  ['cp1251', 1, 'windows-1251', [SAMPLES.cyrillic]],
  ['koi8r', 1, 'koi8-r', [SAMPLES.cyrillic]],
  ['greek', 1, 'iso-8859-7', [SAMPLES.greek]],
  ['hebrew', 1, 'iso-8859-8', [SAMPLES.hebrew]],
  ['ucs2', 2, 'utf-16be', [SAMPLES.ascii, SAMPLES.greek, SAMPLES.chinese]],
  ['utf16', 4, 'utf-16be', [SAMPLES.ascii, SAMPLES.greek, SAMPLES.emoji]],
  ['utf16le', 4, 'utf-16le', [SAMPLES.ascii, SAMPLES.greek, SAMPLES.emoji]],
  ['utf32', 4, 'utf-32be', [SAMPLES.ascii, SAMPLES.greek, SAMPLES.emoji]],
  ['gbk', 2, 'gbk', [SAMPLES.ascii, SAMPLES.chinese]],
  ['gb2312', 2, 'gb2312', [SAMPLES.chinese]],
  ['gb18030', 4, 'gb18030', [SAMPLES.ascii, SAMPLES.chinese]],
  ['big5', 2, 'big5', [SAMPLES.traditional]],
  ['sjis', 2, 'shift_jis', [SAMPLES.japanese]],
  ['cp932', 2, 'shift_jis', [SAMPLES.japanese]],
  ['ujis', 3, 'euc-jp', [SAMPLES.japanese]],
  ['eucjpms', 3, 'euc-jp', [SAMPLES.japanese]],
  ['euckr', 2, 'euc-kr', [SAMPLES.korean]],
]

/** A part of one of the samples, begun and ended between characters. */
export function piece(random: SeededRandom, samples: readonly string[], most = Infinity): string {
  const characters = [...random.pick(samples)]
  const length = random.integer(Math.min(8, most), Math.min(characters.length, most))
  const from = random.integer(0, characters.length - length)
  return characters.slice(from, from + length).join('')
}

export function textTypes(): ImageType[] {
  const utf8 = (name: string, samples: readonly string[], more: Partial<ImageType> = {}): ImageType => ({
    name,
    column: columnShape('varchar', {length: 200, charset: 'utf8mb4'}),
    layout: [MYSQL_TYPE.VARCHAR, 800],
    value: random => same(Buffer.from(piece(random, samples)), 2),
    ...more,
  })
  const others = CHARSETS.map(([charset, maxBytes, encoding, samples]): ImageType => {
    const column = columnShape('varchar', {length: 200, charset})
    const prefix = maxBytes * 200 > 255 ? 2 : 1
    return {
      name: `varchar ${charset}`,
      column,
      layout: [MYSQL_TYPE.VARCHAR, maxBytes * 200],
      value: random => {
        const text = piece(random, samples)
        return both(text, prefixed(iconv.encode(text, encoding), prefix))
      },
    }
  })
  const long = (random: SeededRandom): Buffer => Buffer.from(SAMPLES.ascii.repeat(random.integer(20, 60)))
  return [
    utf8('varchar utf8mb4, ascii', [SAMPLES.ascii]),
    utf8('varchar utf8mb4, short', [SAMPLES.ascii], {
      layout: [MYSQL_TYPE.VARCHAR, 80],
      value: random => same(Buffer.from(piece(random, [SAMPLES.ascii], random.integer(0, 6))), 1),
    }),
    utf8('varchar utf8mb4, accents', [SAMPLES.latin]),
    utf8('varchar utf8mb4, cyrillic', [SAMPLES.cyrillic]),
    utf8('varchar utf8mb4, japanese', [SAMPLES.japanese]),
    utf8('varchar utf8mb4, emoji', [SAMPLES.emoji]),
    utf8('varchar utf8mb4, quotes and lines', ['he said "no"\nand \\ left\t"at once", which "they" \r\n did not']),
    utf8('char utf8mb4', [SAMPLES.ascii], {
      column: columnShape('char', {length: 60, charset: 'utf8mb4'}),
      layout: [MYSQL_TYPE.STRING, 0xfe | (240 << 8)],
      value: random => same(Buffer.from(piece(random, [SAMPLES.ascii], 60)), 1),
    }),
    utf8('text utf8mb4', [], {
      column: columnShape('text', {charset: 'utf8mb4'}),
      layout: [MYSQL_TYPE.BLOB, 2],
      value: random => same(long(random), 2),
    }),
    utf8('longtext utf8mb4', [], {
      column: columnShape('longtext', {charset: 'utf8mb4'}),
      layout: [MYSQL_TYPE.BLOB, 4],
      value: random => same(long(random), 4),
    }),
    ...others,
  ]
}
