import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { halftone } from './cli.js'

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
]
const text = new Map(pages.map((page) => [page, readFileSync(page, 'utf8')]))

describe('console blocks', () => {
  const blocks = [...text].flatMap(([page, markdown]) =>
    [...markdown.matchAll(/```console\n\$ halftone (.+)\n([\s\S]*?)```/g)].map((match): [string, string, string] => [
      page,
      match[1]!,
      match[2]!,
    ]),
  )

  it('are there', () => {
    expect(blocks.length).toBeGreaterThan(0)
  })

  it.each(blocks)('%s shows what `halftone %s` prints (to the …)', async (_, command, shown) => {
    const args = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2]!)
    const { out } = await halftone(...args)
    const wanted = shown.trimEnd().replace(/\n…$/, '')
    expect(out.trimStart().slice(0, wanted.length)).toBe(wanted)
  })
})

it('every link of every page leads somewhere', () => {
  const broken = [...text].flatMap(([page, markdown]) =>
    [...markdown.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1]!)
      .filter((target) => !/^[a-z]+:/.test(target) && !existsSync(join(dirname(page), target)))
      .map((target) => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})
