/** What a plot of the pages needs to stand alone as an SVG file: its body without the page's frame, and fixed colours instead of the page's variables. */

/** The first plot in a page or a figure. */
export function plotIn(markup: string): { readonly body: string; readonly label: string; readonly height: number } {
  const plot = /<svg class="plot"[\s\S]*?<\/svg>/.exec(markup)?.[0]
  if (plot === undefined) throw new Error('there is no plot in it')
  return {
    body: plot.slice(plot.indexOf('>') + 1, plot.lastIndexOf('</svg>')),
    label: /aria-label="([^"]*)"/.exec(plot)?.[1] ?? '',
    height: Number(/height="(\d+)"/.exec(plot)?.[1]),
  }
}

/** The colours of the light scheme in a style sheet or a page that holds one, by the name of their variable. */
export function lightColours(sheet: string): ReadonlyMap<string, string> {
  const light = /:root\{([^}]*)\}/.exec(sheet)?.[1] ?? ''
  return new Map([...light.matchAll(/(--[\w-]+):\s*([^;}]+)/g)].map((match) => [match[1]!, match[2]!]))
}

/** The markup with every variable in its place; one that has no colour is a mistake. */
export function inColours(markup: string, colours: ReadonlyMap<string, string>): string {
  return markup.replace(/var\((--[\w-]+)\)/g, (_, name: string) => {
    const colour = colours.get(name)
    if (colour === undefined) throw new Error(`no colour ${name}`)
    return colour
  })
}

/** An SVG file: white paper, the type of the pages, and what stands on it. */
export function drawing(width: number, height: number, label: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" fill="#1a1d21" color="#1a1d21" font-family="system-ui, sans-serif" font-size="11" text-anchor="middle">
<rect width="${width}" height="${height}" fill="#fff"/>
${content}
</svg>
`
}
