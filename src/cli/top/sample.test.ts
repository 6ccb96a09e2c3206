import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratesBetween, type Sample } from './sample.ts'
import { headLines, machineLine } from './table-text.ts'

const sample: Sample = {
  time: 1000,
  name: 'box',
  status: 'running',
  running: true,
  cpus: 1,
  cpuSeconds: 4,
  disks: { readBytes: 1 << 20, writtenBytes: 0, reads: 10, writes: 0 },
  networks: { toGuestBytes: 4096, fromGuestBytes: 0 },
  jobs: [],
}

const later: Sample = {
  ...sample,
  time: 3000,
  cpuSeconds: 5,
  networks: { toGuestBytes: 8192, fromGuestBytes: 100 },
  disks: { readBytes: 5 << 20, writtenBytes: 2048, reads: 30, writes: 4 },
  jobs: [
    { id: 'hd0', type: 'stream', status: 'running', done: 0.5 },
    { id: 'hd1', type: 'commit', status: 'ready', done: undefined },
  ],
}

test('rates are what happened, by the time that passed', () => {
  assert.deepEqual(ratesBetween(sample, later), {
    cpu: 0.5,
    readBytesPerSecond: 2 << 20,
    writtenBytesPerSecond: 1024,
    readsPerSecond: 10,
    writesPerSecond: 2,
    toGuestBytesPerSecond: 2048,
    fromGuestBytesPerSecond: 50,
  })
})

test('counters that go back stand still, and an unknown CPU stays unknown', () => {
  const rates = ratesBetween({ ...later, cpuSeconds: undefined, networks: undefined }, { ...sample, time: 4000 })
  assert.deepEqual(rates, {
    cpu: undefined,
    readBytesPerSecond: 0,
    writtenBytesPerSecond: 0,
    readsPerSecond: 0,
    writesPerSecond: 0,
    toGuestBytesPerSecond: undefined,
    fromGuestBytesPerSecond: undefined,
  })
})

test('a machine is a line of columns; one that is lost says why', () => {
  const rates = ratesBetween(sample, later)
  const rows = [
    { address: 'a.sock', watched: { state: 'known', sample: later, rates } },
    { address: 'b.sock', watched: { state: 'known', sample: { ...sample, name: undefined, jobs: undefined }, rates: undefined } },
    { address: 'unix:/a/long/way/to/c.sock', watched: { state: 'lost', reason: 'no answer' } },
    { address: 'd.sock', watched: { state: 'asked' } },
  ] as const // biome-ignore format: one machine a line
  assert.deepEqual(
    [...headLines(rows), ...rows.map(machineLine)],
    [
      '4 machines: 2 running, 1 out of reach',
      'NAME                 STATE            CPU%   READ/s  WRITE/s   RD/s   WR/s  NETIN/s NETOUT/s JOBS',
      'box                  running          50.0    2.00M    1.00K     10      2    2.00K       50 stream hd0 50%, commit hd1',
      'b.sock               running             -        -        -      -      -        -        - -',
      '…/long/way/to/c.sock no answer',
      'd.sock               ...',
    ],
  )
})
