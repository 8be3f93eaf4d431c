// Links of Markdown documents: which of them lead nowhere. Pure.

import {posix} from 'node:path'

/** Anchors of a page's headings, spelled as GitHub does. */
export function headingAnchors(text: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading] of withoutCode(text).matchAll(/^#{1,6} +(.+?) *$/gm)) {
    const base = heading!
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-')
    let anchor = base
    for (let i = 1; anchors.has(anchor); i++) anchor = `${base}-${i}`
    anchors.add(anchor)
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!)
  return anchors
}

/** What is wrong with the relative links of the page. `readPage` gives null for what does not exist. */
export function brokenLinks(path: string, readPage: (path: string) => string | null): string[] {
  const broken: string[] = []
  for (const [, target] of withoutCode(readPage(path) ?? '').matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^https?:\/\//.test(target!)) continue
    const [file = '', anchor] = target!.split('#')
    const page = file === '' ? path : posix.normalize(posix.join(posix.dirname(path), file))
    if (page.startsWith('..')) broken.push(`${target!} points outside the project`)
    else if (readPage(page) === null) broken.push(`${target!}: there is no ${page}`)
    else if (anchor !== undefined && !headingAnchors(readPage(page)!).has(anchor)) {
      broken.push(`${target!}: ${page} has no such heading`)
    }
  }
  return broken
}

/** Headings and links in a block of code are none. */
function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}
