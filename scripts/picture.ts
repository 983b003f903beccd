/**
 * `npm run picture`: draws the README's picture, docs/plan.svg, from the plan of the bundled sample: the first plot of its page, standing on its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { drawing, inColours, lightColours, plotIn } from './drawing.js'

/** The first plot of a plan's page as a picture of its own, with the legend that the page has beside it. */
export function pictureOf(page: string): string {
  const { body, label, height } = plotIn(page)
  const legend =
    '<g text-anchor="start"><circle cx="16" cy="15" r="5" fill="var(--mark)"/><text x="28" y="19">in force</text><rect x="100" y="10" width="10" height="10" fill="var(--c1)"/><text x="116" y="19">plan</text><path d="M170 8v14" stroke="var(--ink)" stroke-width="1.5" stroke-dasharray="3 2"/><text x="180" y="19">target</text></g>'
  return drawing(880, height + 30, label, inColours(`${legend}\n<g transform="translate(0 30)">${body}</g>`, lightColours(page)))
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync('docs/plan.svg', pictureOf(readFileSync('out/demo/plan.html', 'utf8')))
}
