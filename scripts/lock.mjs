/**
 * `npm run lock`: completes package-lock.json after an install. Some registries do not serve the binaries of every platform; npm then leaves these optional
 * packages out of the lock, and `npm ci` refuses such a lock everywhere. They are entered by name and version, as npm enters those it can see.
 */
import { readFileSync, writeFileSync } from 'node:fs'

const PLATFORMS = ['android', 'darwin', 'linux', 'win32']
const PROCESSORS = ['arm64', 'x64']

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'))
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (lock.packages[`node_modules/${name}`]) continue
    const parts = name.split('/').at(-1).split('-')
    const [os, cpu] = [PLATFORMS.find((part) => parts.includes(part)), PROCESSORS.find((part) => parts.includes(part))]
    if (!os || !cpu || !/^\d/.test(version)) continue
    lock.packages[`node_modules/${name}`] = {
      version,
      cpu: [cpu],
      ...(entry.dev ? { dev: true } : {}),
      ...(parts.includes('musl') ? { libc: ['musl'] } : {}),
      optional: true,
      os: [os],
    }
    process.stdout.write(`added ${name} ${version}\n`)
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`)
