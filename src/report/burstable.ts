import type { BurstableStudy, HostedInstance, Hosting } from '../model/index.js'
import { barChart, intervalChart } from './chart.js'
import { counted, duration, number, percent } from './format.js'
import type { Content } from './html.js'
import { dataTable, page, saidInWords } from './page.js'
import { bullets, heading, ink, parts, plain, type TextOptions, table, wrap } from './terminal.js'

const TRUST = [
  'Every placement was played with the bursts of its node colliding; each SLO holds with the upper end of a 95 % interval.',
  'The published gain (EuroSys 2018) is 1.6 times the revenue a node against AWS’s own policy, on its own workloads.',
]

/** How many nodes each way needs, in a sentence. */
export function burstableInWords({ hostings, revenueRatio }: BurstableStudy): string {
  const [fixed, last] = [hostings[0]!, hostings.at(-1)!]
  const needs = hostings.map(({ name, nodes }) => `${name} ${nodes.length}`).join(', ')
  const gain =
    revenueRatio > 1
      ? `${number(revenueRatio)} times the revenue a node of ${fixed.name}`
      : `no more revenue a node than ${fixed.name}`
  return `Nodes that keep every SLO: ${needs}. With ${last.name}, ${number(last.instancesPerNode)} instances fit a node: ${gain}.`
}

/** The study for a terminal. */
export function burstableText(study: BurstableStudy, options: TextOptions = {}): string {
  const pen = ink(options)
  const right = 'right' as const
  const ways = table(
    [
      { head: 'Way' },
      { head: 'Nodes', align: right },
      { head: 'at least', align: right },
      { head: 'Instances a node', align: right },
      { head: 'Revenue', align: right },
      { head: 'to the first', align: right },
      { head: 'Cores in use', align: right },
    ],
    study.hostings.map((one) => [pen.bold(one.name), ...wayCells(study, one)]),
    pen,
  )
  const last = study.hostings.at(-1)!
  const instances = table(
    [
      { head: 'Workload' },
      { head: 'uses', align: right },
      { head: 'SLO', align: right },
      { head: 'on sale', align: right },
      { head: 'own', align: right },
      { head: 'bursts after', align: right },
      { head: 'account', align: right },
      { head: 'alone', align: right },
      { head: 'worst node', align: right },
    ],
    study.workloads.map((one, w) => [
      pen.bold(plain(`${one.instances} × ${one.name}`, 28)),
      percent(one.utilisation, 2),
      `${one.metric} ${duration(one.boundSeconds)}`,
      `${plain(study.hostings[0]!.instances[w]!.offer, 16)} ${percent(study.hostings[0]!.instances[w]!.reservedCores)}`,
      percent(last.instances[w]!.reservedCores),
      after(last.instances[w]!),
      duration(last.instances[w]!.bucketCoreSeconds),
      duration(last.instances[w]!.responseSecondsAlone),
      duration(worst(last, one.name)?.responseSeconds),
    ]),
    pen,
  )
  return parts(
    `${heading(plain(`How many instances fit a node? ${study.name}`), pen)}\n${wrap(burstableInWords(study), pen)}`,
    ways,
    `${heading(`Instances, ${last.name}`, pen)}\n${instances}`,
    `${heading('How far to trust it', pen)}\n${bullets([...TRUST, ...study.caveats.map((one) => plain(saidInWords(one), 2000))], pen)}`,
  )
}

/** The study as a page. */
export function burstablePage(study: BurstableStudy): string {
  const last = study.hostings.at(-1)!
  return page({
    kind: 'colocation',
    question: `How many instances fit a node? ${study.name}`,
    answer: burstableInWords(study),
    figures: [
      { label: 'Revenue a node', value: `${number(study.revenueRatio)} ×`, note: `against ${study.hostings[0]!.name}` },
      {
        label: 'Nodes',
        value: `${last.nodes.length}`,
        note: `${study.hostings[0]!.nodes.length} with ${study.hostings[0]!.name}`,
      },
      { label: 'Instances a node', value: number(last.instancesPerNode) },
    ],
    trust: TRUST,
    caveats: study.caveats,
    sections: [
      {
        title: 'Nodes by way',
        body: [
          barChart({
            title: 'Instances that fit a node',
            alt: `Instances a node: ${study.hostings.map(({ name, instancesPerNode }) => `${name} ${number(instancesPerNode)}`).join(', ')}.`,
            bars: study.hostings.map(({ name, instancesPerNode }) => ({ label: name, value: instancesPerNode })),
            x: { label: 'instances a node', low: 0 },
          }),
          dataTable(
            'Ways to choose instances',
            [
              { head: 'Way' },
              { head: 'What it does' },
              { head: 'Nodes', numeric: true },
              { head: 'at least', numeric: true },
              { head: 'Instances a node', numeric: true },
              { head: 'Revenue a node-hour', numeric: true },
              { head: 'Against the first', numeric: true },
              { head: 'Cores in use', numeric: true },
            ],
            study.hostings.map((one): Content[] => [one.name, one.what, ...wayCells(study, one)]),
          ),
        ],
      },
      {
        title: 'Responses under their SLOs',
        body: [
          intervalChart({
            title: 'Response on the worst node, as a share of its SLO',
            note: 'With 95 % intervals; 100 % is the SLO.',
            alt: 'For each workload and way, the response on its worst node over the bound of its SLO, with intervals; all are below 1.',
            rows: study.workloads.flatMap(({ name, boundSeconds }) =>
              study.hostings.flatMap((hosting) => {
                const at = worst(hosting, name)
                if (!at) return []
                return [
                  {
                    group: name,
                    series: hosting.name,
                    value: at.responseSeconds / boundSeconds,
                    low: at.low / boundSeconds,
                    high: at.high / boundSeconds,
                  },
                ]
              }),
            ),
            x: { label: 'share of the SLO', kind: 'share', low: 0, high: 1 },
          }),
        ],
      },
      ...study.hostings.map((hosting) => ({
        title: `Instances: ${hosting.name}`,
        body: [instanceTable(study, hosting), nodeTable(hosting)],
      })),
    ],
    foot: [`${study.schema}, seed ${study.seed}`],
  })
}

function wayCells(study: BurstableStudy, one: Hosting): string[] {
  const used = one.nodes.reduce((sum, { utilisation }) => sum + utilisation, 0) / one.nodes.length
  return [
    `${one.nodes.length}`,
    `${one.nodesAtLeast}`,
    number(one.instancesPerNode),
    number(one.revenuePerNodeHour),
    `${number(one.revenuePerNodeHour / study.hostings[0]!.revenuePerNodeHour)} ×`,
    percent(used, 2),
  ]
}

function instanceTable(study: BurstableStudy, hosting: Hosting): Content {
  return dataTable(
    `Instances, ${hosting.name}`,
    [
      { head: 'Workload' },
      { head: 'Instances', numeric: true },
      { head: 'Type' },
      { head: 'Uses of a core', numeric: true },
      { head: 'Reserved', numeric: true },
      { head: 'Bursts after' },
      { head: 'Account (core-time)', numeric: true },
      { head: 'Time in bursts, alone', numeric: true },
      { head: 'Response alone', numeric: true },
      { head: 'On its worst node', numeric: true },
      { head: 'SLO', numeric: true },
    ],
    study.workloads.map((one, w): Content[] => {
      const instance = hosting.instances[w]!
      return [
        one.name,
        `${one.instances}`,
        instance.offer,
        percent(one.utilisation, 2),
        percent(instance.reservedCores),
        after(instance),
        duration(instance.bucketCoreSeconds),
        percent(instance.shareBursting, 2),
        duration(instance.responseSecondsAlone),
        duration(worst(hosting, one.name)?.responseSeconds),
        `${one.metric} ${duration(one.boundSeconds)}`,
      ]
    }),
  )
}

function nodeTable({ name, nodes }: Hosting): Content {
  return dataTable(
    `Nodes, ${name}`,
    [{ head: 'Node' }, { head: 'Instances' }, { head: 'Cores reserved', numeric: true }, { head: 'Share in use', numeric: true }],
    nodes.map(({ instances, reservedCores, utilisation }, n): Content[] => {
      const counts = new Map<string, number>()
      for (const { workload } of instances) counts.set(workload, (counts.get(workload) ?? 0) + 1)
      return [
        `${n + 1}`,
        [...counts].map(([workload, count]) => `${count} × ${workload}`).join(', ') || counted(0, 'instance'),
        number(reservedCores),
        percent(utilisation, 2),
      ]
    }),
  )
}

function after({ baseline, timeoutSeconds }: HostedInstance): string {
  if (baseline >= 1) return 'a whole core'
  return timeoutSeconds === 0 ? 'at once' : duration(timeoutSeconds)
}

/** Where a workload comes nearest to its SLO. */
function worst({ nodes }: Hosting, workload: string) {
  const placed = nodes.flatMap(({ instances }) => instances.filter((one) => one.workload === workload))
  return placed.length === 0 ? undefined : placed.reduce((a, b) => (b.high > a.high ? b : a))
}
