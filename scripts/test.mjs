/** `npm test`: build, lint and format, type check of tests and benches, then every test. Stops at the first step that fails. */
import { spawnSync } from 'node:child_process'

const steps = [
  ['tsc', ['-b', 'tsconfig.json']],
  ['biome', ['check', '.']],
  ['tsc', ['-p', 'tsconfig.check.json']],
  ['vitest', ['run', ...process.argv.slice(2)]],
]
for (const [command, args] of steps) {
  process.stdout.write(`> ${command} ${args.join(' ')}\n`)
  const { status } = spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) process.exit(status ?? 3)
}
