import { createRequire } from 'node:module'

/**
 * The little of the browser’s document model that drawing charts and checking pages needs, declared here so that the types of the whole DOM
 * do not become global in this project (the type package of jsdom would bring them to every file that Node code is checked with).
 */
export interface PageElement {
  readonly tagName: string
  readonly outerHTML: string
  readonly textContent: string | null
  readonly parentElement: PageElement | null
  getAttribute(name: string): string | null
  setAttribute(name: string, value: string): void
  querySelectorAll(selector: string): Iterable<PageElement>
  querySelector(selector: string): PageElement | null
}

export interface PageDocument extends PageElement {
  readonly documentElement: PageElement
}

interface Jsdom {
  readonly JSDOM: new (markup: string) => { readonly window: { readonly document: PageDocument } }
}

/** The document of a page. jsdom takes over half a second to load, so it is loaded at the first page and not at import. */
export function parsePage(markup: string): PageDocument {
  const { JSDOM } = createRequire(import.meta.url)('jsdom') as Jsdom
  return new JSDOM(markup).window.document
}
