import { counted } from './format.js'
import { type Content, html, join, Markup, withoutControls } from './html.js'
import { nameInWords, numberNamed } from './named.js'
import { styleSheet } from './style.js'

/**
 * A page that stands alone: no script, no font, no picture from elsewhere (its own policy forbids them). It puts the question first, the
 * answer in one sentence, how far to trust it, and then the details.
 */
export interface Page {
  /** What kind of report: `prediction`, `plan`. */
  readonly kind: string
  readonly question: string
  readonly answer: Content
  /** A few figures to take away, at most six. */
  readonly figures?: readonly { readonly label: string; readonly value: string; readonly note?: string }[]
  /** Sentences of the trust box that do not come from caveats. */
  readonly trust: readonly Content[]
  readonly caveats: readonly Said[]
  readonly sections: readonly Section[]
  /** Where the figures come from: schema, seed, file. */
  readonly foot?: readonly string[]
}

export interface Section {
  readonly title: string
  readonly body: readonly Content[]
}

/** A caveat as a report needs it. */
export interface Said {
  readonly message: string
  readonly path?: string | undefined
  readonly numbers?: Readonly<Record<string, number>> | undefined
}

/** A caveat’s sentence; numbers that it carries and does not say are put behind it. */
export function saidInWords({ message, numbers }: Said): string {
  const extra = Object.entries(numbers ?? {}).filter(([, x]) => Number.isFinite(x))
  if (/\d/.test(message) || extra.length === 0) return message
  const said = extra.map(([name, x]) =>
    /^(rows|jobs)$/.test(name) ? counted(x, name.slice(0, -1)) : `${nameInWords(name)} ${numberNamed(name, x)}`,
  )
  return `${message.replace(/[.]$/, '')} (${said.join(', ')})`
}

/** Whole HTML of the page. */
export function page(spec: Page): string {
  const sections = spec.sections.filter((section) =>
    section.body.some((part) => part !== undefined && part !== false && part !== ''),
  )
  const markup = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="halftone">
<title>${withoutControls(spec.question)} · halftone</title>
<style>${new Markup(styleSheet)}</style>
</head>
<body>
<main>
<header>
<p class="brand">${mark} <span>halftone</span> ${spec.kind}</p>
<h1>${spec.question}</h1>
<p class="answer">${spec.answer}</p>
</header>
${spec.figures === undefined || spec.figures.length === 0 ? '' : html`<dl class="figures">${spec.figures.map(({ label, value, note }) => html`<div><dt>${label}</dt><dd>${value}${note === undefined || note === '' ? '' : html`<small>${note}</small>`}</dd></div>`)}</dl>`}
<section class="trust" aria-labelledby="trust">
<h2 id="trust">How far to trust it</h2>
${spec.trust.length === 0 ? '' : html`<ul>${spec.trust.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
${caveatList(spec.caveats)}
</section>
${sections.map(
  (section, i) => html`<section aria-labelledby="s${i}"><h2 id="s${i}">${section.title}</h2>
${section.body}</section>
`,
)}
<footer>${(spec.foot ?? []).map((line) => html`<p>${line}</p>`)}</footer>
</main>
</body>
</html>
`
  return markup.text
}

/** Each caveat once: the same may have been raised on the way by two. */
export function distinct(caveats: readonly Said[]): Said[] {
  return [...new Map(caveats.map((c) => [`${saidInWords(c)} ${c.path ?? ''}`, c])).values()]
}

/** Caveats as a list; without any, a sentence that says so. */
function caveatList(raised: readonly Said[]): Markup {
  const caveats = distinct(raised)
  if (caveats.length === 0) return html`<p>No caveat was raised beyond the intervals shown.</p>`
  return html`<ul class="caveats">${caveats.map((c) => html`<li>${saidInWords(c)}${c.path === undefined || c.path === '' ? '' : html` <code>${c.path}</code>`}</li>`)}</ul>`
}

export interface TableColumn {
  readonly head: string
  readonly numeric?: boolean
}

/** A table with a caption, heads with their scope, the first cell of each row as its head. A wide table scrolls in its own frame. */
export function dataTable(caption: string, columns: readonly TableColumn[], rows: readonly (readonly Content[])[]): Markup {
  const head = columns.map((column) => html`<th scope="col"${numeric(column)}>${column.head}</th>`)
  const body = rows.map(
    (
      row,
    ) => html`<tr>${columns.map((column, i) => (i === 0 ? html`<th scope="row">${row[0]}</th>` : html`<td${numeric(column)}>${row[i]}</td>`))}</tr>
`,
  )
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>
`
}

const numeric = (column: TableColumn): Markup | undefined => (column.numeric ? new Markup(' class="n"') : undefined)

/** Figures beside one another where the page is wide enough. */
export function pair(...figures: readonly Content[]): Markup {
  return html`<div class="pair">${join(figures)}</div>
`
}

/** Dots from dark to light: what the name means. */
const mark = new Markup(
  `<svg class="dots" width="34" height="14" viewBox="0 0 34 14" aria-hidden="true" focusable="false">${[3.6, 3, 2.3, 1.6, 1]
    .map(
      (r, i) =>
        `<circle cx="${4 + 6.5 * i}" cy="4" r="${r}"/><circle cx="${4 + 6.5 * i}" cy="10.5" r="${Math.max(0.6, r - 0.7).toFixed(1)}"/>`,
    )
    .join('')}</svg>`,
)
