/** A Prometheus for a test, on the loopback interface, with a node exporter beside it; what it stores goes when the test ends. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePorts, missingProgram, openDaemons, until } from '../slurm/daemons.js'

export interface PrometheusForTests {
  readonly url: string
  stop(): Promise<void>
}

/** Why no Prometheus can be started here; undefined where it can. */
export function prometheusIsMissing(): string | undefined {
  const missing = missingProgram('prometheus', 'prometheus-node-exporter')
  return missing === undefined ? undefined : `${missing} is not installed`
}

/** Scrapes a node exporter (job `node`) and `targets` (job `halftone`) every second. */
export async function startPrometheus(targets: readonly string[]): Promise<PrometheusForTests> {
  const daemons = openDaemons('ht-prom-')
  const at = (name: string): string => join(daemons.directory, name)
  const [port, exporter] = (await freePorts(2)) as [number, number]
  const list = (all: readonly string[]): string => `static_configs: [{ targets: [${all.map((one) => `'${one}'`).join(', ')}] }]`
  mkdirSync(at('data'))
  writeFileSync(
    at('prometheus.yml'),
    [
      'global: { scrape_interval: 1s }',
      'scrape_configs:',
      `  - { job_name: node, ${list([`127.0.0.1:${exporter}`])} }`,
      `  - { job_name: halftone, ${list(targets)} }`,
      '',
    ].join('\n'),
  )
  daemons.start('exporter', 'prometheus-node-exporter', [`--web.listen-address=127.0.0.1:${exporter}`])
  daemons.start('prometheus', 'prometheus', [
    `--config.file=${at('prometheus.yml')}`,
    `--storage.tsdb.path=${at('data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ])
  const url = `http://127.0.0.1:${port}`
  try {
    await until('Prometheus is ready', 30, () =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    )
  } catch (cause) {
    await daemons.stop()
    throw cause
  }
  return { url, stop: daemons.stop }
}
