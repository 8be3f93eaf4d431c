// The part of the browser that the page uses, typed here: the types of the whole DOM would be global for the server's code,
// too. Texts only ever become text nodes, whatever a table is called.

export interface PageElement {
  id: string
  className: string
  textContent: string | null
  hidden: boolean
  value: string
  readonly style: {width: string}
  append(...nodes: PageElement[]): void
  replaceChildren(...nodes: PageElement[]): void
  remove(): void
  setAttribute(name: string, value: string): void
  getAttribute(name: string): string | null
  addEventListener(type: string, listener: (event: {preventDefault(): void}) => void): void
  focus(): void
  /** Of a dialog. */
  showModal(): void
  close(): void
}

export interface PageDocument {
  title: string
  getElementById(id: string): PageElement | null
  createElement(name: string): PageElement
  createElementNS(space: string, name: string): PageElement
}

export interface PageWindow {
  readonly document: PageDocument
  readonly sessionStorage: {
    getItem(key: string): string | null
    setItem(key: string, value: string): void
    removeItem(key: string): void
  }
  readonly addEventListener: (type: string, listener: () => void) => void
}

export const page = globalThis as unknown as PageWindow

/** An element of the shell. */
export function byId(id: string): PageElement {
  const found = page.document.getElementById(id)
  if (found === null) throw new Error(`the page has no element ${id}`)
  return found
}

export function element(
  name: string,
  {text, className, children = []}: {text?: string; className?: string; children?: PageElement[]} = {},
): PageElement {
  const made = page.document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (className !== undefined) made.className = className
  made.append(...children)
  return made
}

/** Written only where it differs: what a screen reader has read it does not read again. */
export function setText(target: PageElement, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
