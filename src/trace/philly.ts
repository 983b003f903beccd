import type { TableFormat } from './table.js'

/**
 * Microsoft Philly GPU jobs in the published filtered extract (timestamp, duration, num_gpus, gpu_time, cluster). The timestamp is the wall
 * clock of the publisher’s zone, Pacific time; the duration sums all attempts; there is no user, outcome or queueing time.
 */
export const philly: TableFormat = {
  name: 'philly',
  title: 'Microsoft Philly GPU jobs, published extract',
  needs: ['timestamp', 'duration', 'num_gpus', 'gpu_time', 'cluster'],
  delimiter: ',',
  quotes: true,
  unit: 'job',
  slotUnit: 'GPU',
  clock: 'instant',
  timeZone: 'America/Los_Angeles',
  zoneReason: 'its publisher’s local time, assumed: the file does not say',
  numbers: [
    { field: 'submit', column: 'timestamp', kind: 'instant' },
    { field: 'run', column: 'duration' },
    { field: 'slots', column: 'num_gpus' },
  ],
  labels: [{ field: 'queue', column: 'cluster' }],
  missing: [],
  uniqueIds: false,
  hooks: () => ({
    notes: () => [
      {
        code: 'filtered',
        message:
          'a filtered extract: no user, outcome or queueing time, and fewer jobs than the published study of the same cluster',
      },
      { code: 'all-attempts', message: 'the duration of a job sums all its attempts' },
      { code: 'sparse-ends', message: 'the extract is sparse before 2017-10-09: rates over its whole span are too low' },
    ],
  }),
}
