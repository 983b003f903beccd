import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // several: those that talk to daemons mostly wait
    maxWorkers: 3,
    reporters: ['default', './scripts/closing-line.mjs'],
  },
})
