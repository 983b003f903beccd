/** Markup that is safe to put into a page as it stands: either written by us or escaped. */
export class Markup {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text
  }
}

export type Content = Markup | string | number | undefined | null | false | readonly Content[]

/** Escapes the characters that mean something in HTML text and in quoted attributes, and drops characters that XML cannot hold. */
export function escapeHtml(text: string): string {
  return withoutControls(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

/** Text without control characters (a terminal would obey them) and without lone surrogates; line breaks and tabs become blanks. */
export function withoutControls(text: string): string {
  return (
    text
      .replace(/\p{Surrogate}/gu, '\ufffd')
      .replace(/[\r\n\t]+/g, ' ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '')
  )
}

/** A number and its unit stay on one line. */
const unitsHeld = (text: string): string =>
  text.replace(/(\d) (?=(?:%|[µm]?s|min|[hda]|[kMGTP]?W?[hWJB]|points?)(?![\p{L}\d]))/gu, '$1\u00a0')

function render(content: Content): string {
  if (content === undefined || content === null || content === false) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'string') return escapeHtml(unitsHeld(content))
  if (typeof content === 'number') return escapeHtml(String(content))
  return content.map(render).join('')
}

/** A template whose values are escaped unless they are markup already: html`<b>${name}</b>`. */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  let text = strings[0]!
  for (let i = 0; i < values.length; i++) text += render(values[i]!) + strings[i + 1]!
  return new Markup(text)
}

/** Markup from several pieces, one after the other. */
export function join(parts: readonly Content[], separator = ''): Markup {
  return new Markup(parts.map(render).join(separator))
}
