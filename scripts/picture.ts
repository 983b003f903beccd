/**
 * `npm run picture`: draws the README's picture, docs/plan.svg, from the plan of the bundled sample: the first plot of its page, standing on its own.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** The first plot of a plan's page as a picture of its own, with the legend that the page has beside it. */
export function pictureOf(page: string): string {
  const plot = /<svg class="plot"[\s\S]*?<\/svg>/.exec(page)?.[0]
  if (plot === undefined) throw new Error('the page has no plot')
  const body = plot.slice(plot.indexOf('>') + 1, plot.lastIndexOf('</svg>'))
  const label = /aria-label="([^"]*)"/.exec(plot)?.[1] ?? ''
  const [width, height] = [880, Number(/height="(\d+)"/.exec(plot)?.[1]) + 30]
  const colours = {
    '--mark': '#767d85',
    '--c1': /--c1:([^;}]+)/.exec(page)?.[1] ?? '#c4500c',
    '--line': '#d5d9de',
    '--ink': '#1a1d21',
    '--soft': '#4d545c',
    '--paper': '#fff',
  }
  const drawn = Object.entries(colours).reduce((text, [name, colour]) => text.replaceAll(`var(${name})`, colour), body)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" fill="#1a1d21" color="#1a1d21" font-family="system-ui, sans-serif" font-size="11" text-anchor="middle">
<rect width="${width}" height="${height}" fill="#fff"/>
<g text-anchor="start"><circle cx="16" cy="15" r="5" fill="${colours['--mark']}"/><text x="28" y="19">in force</text><rect x="100" y="10" width="10" height="10" fill="${colours['--c1']}"/><text x="116" y="19">plan</text><path d="M170 8v14" stroke="#1a1d21" stroke-width="1.5" stroke-dasharray="3 2"/><text x="180" y="19">target</text></g>
<g transform="translate(0 30)">${drawn}</g>
</svg>
`
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync('docs/plan.svg', pictureOf(readFileSync('out/demo/plan.html', 'utf8')))
}
