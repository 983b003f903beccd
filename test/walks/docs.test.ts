/**
 * Every code block marked `ts run` in README.md and docs/ runs against the built package, and prints what the `text` block after it says.
 * All blocks run in one process, each as a module of its own; types are stripped, not checked.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { afterAll, describe, expect, it } from 'vitest'

interface Block {
  readonly file: string
  readonly line: number
  readonly code: string
  /** What the next `text` block says; absent where the block is followed by none. */
  readonly output?: string
}

function pages(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? pages(path) : entry.name.endsWith('.md') ? [path] : []
  })
}

function blocksOf(file: string): Block[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const fences: { info: string; line: number; body: string }[] = []
  for (let i = 0; i < lines.length; i++) {
    const open = /^```(.*)$/.exec(lines[i]!)
    if (open === null) continue
    const start = i + 1
    while (i + 1 < lines.length && lines[++i] !== '```');
    fences.push({ info: open[1]!.trim(), line: start, body: lines.slice(start, i).join('\n') })
  }
  return fences.flatMap((fence, k) => {
    if (fence.info !== 'ts run') return []
    const next = fences[k + 1]
    return [{ file, line: fence.line, code: fence.body, ...(next?.info === 'text' ? { output: next.body } : {}) }]
  })
}

const blocks = [...(existsSync('README.md') ? ['README.md'] : []), ...pages('docs')].flatMap(blocksOf)

/** Inside the package, so that `halftone/…` is the package itself. */
mkdirSync('dist', { recursive: true })
const folder = mkdtempSync(join('dist', 'docs-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function runAll(): readonly { readonly out?: string; readonly error?: string }[] {
  blocks.forEach((block, k) => {
    const { outputText } = ts.transpileModule(block.code, {
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
    })
    writeFileSync(join(folder, `block-${k}.mjs`), outputText)
  })
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { format } from 'node:util'
const results = []
const print = process.stdout.write.bind(process.stdout)
for (let k = 0; k < ${blocks.length}; k++) {
  let out = ''
  console.log = (...values) => { out += format(...values) + '\\n' }
  try {
    await import('./block-' + k + '.mjs')
    results.push({ out })
  } catch (error) {
    results.push({ error: String(error?.stack ?? error) })
  }
}
print(JSON.stringify(results))
`,
  )
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(folder, 'run.mjs')], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  if (status !== 0) throw new Error(`the documents’ code did not run: ${stderr}`)
  return JSON.parse(stdout)
}

describe('the documents’ code runs and prints what they say', () => {
  const built = existsSync('dist/queueing/index.js')
  const results = built && blocks.length > 0 ? runAll() : []
  it('there are blocks, and the package is built', () => {
    expect(built, 'run npm run build first').toBe(true)
    expect(blocks.length).toBeGreaterThan(0)
  })
  blocks.forEach((block, k) => {
    it(`${block.file}:${block.line}`, () => {
      const result = results[k]
      expect(result?.error).toBeUndefined()
      if (block.output !== undefined) expect(result?.out?.trimEnd()).toBe(block.output.trimEnd())
      else expect(result?.out).toBeDefined()
    })
  })
})
