import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

/** The floors as `docs/map.md` draws them: folder → floor. */
const floors = new Map(
  [...readFileSync('docs/map.md', 'utf8').matchAll(/^\| (\d+) \| ([\w, -]+) \|/gm)].flatMap((row) =>
    row[2]!.split(',').map((folder): [string, number] => [folder.trim(), Number(row[1])]),
  ),
)

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => join('src', path))
const folderOf = (path: string): string => relative('src', path).split('/')[0]!

/** Relative imports of a file as paths of sources; type-only imports count as well. */
const imports = new Map(
  files.map((path): [string, string[]] => {
    const { importedFiles } = ts.preProcessFile(readFileSync(path, 'utf8'), true, true)
    return [
      path,
      importedFiles
        .filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => relative('.', resolve(dirname(path), fileName.replace(/\.js$/, '.ts')))),
    ]
  }),
)

describe('the floors of docs/map.md', () => {
  it('hold every folder of src', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !floors.has(folder))).toEqual([])
  })

  it('are never climbed by an import, nor crossed between neighbours', () => {
    const wrong = [...imports].flatMap(([path, targets]) =>
      targets
        .filter((target) => folderOf(target) !== folderOf(path) && !(floors.get(folderOf(target))! < floors.get(folderOf(path))!))
        .map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  it('are reached from other folders by their door only', () => {
    const wrong = [...imports].flatMap(([path, targets]) =>
      path.endsWith('.test.ts')
        ? []
        : targets
            .filter((target) => folderOf(target) !== folderOf(path) && !target.endsWith('/index.ts'))
            .map((target) => `${path} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })
})

describe('imports', () => {
  it('form no ring', () => {
    const state = new Map<string, 'open' | 'done'>()
    const rings: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return
      if (state.get(path) === 'open') {
        rings.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
        return
      }
      state.set(path, 'open')
      for (const target of imports.get(path) ?? []) visit(target, [...trail, path])
      state.set(path, 'done')
    }
    for (const path of files) visit(path, [])
    expect(rings).toEqual([])
  })

  it('lead to files that exist', () => {
    const missing = [...imports].flatMap(([path, targets]) =>
      targets.filter((target) => !imports.has(target)).map((target) => `${path} imports ${target}`),
    )
    expect(missing).toEqual([])
  })
})
