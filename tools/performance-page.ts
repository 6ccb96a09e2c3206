import type { Figures, KeptTable } from '../test/bench/figures.ts'

/** The page of the bench's tables, and of what limits them. */
export function performancePage({ tables }: Figures): string {
  const parts = [
    '# Performance',
    '`npm run bench` measures vmon and its peers (QEMU 7.2, qemu-img, qemu-nbd) side by side in one run, and prints the ratio of ' +
      'the two beside a target; ratios carry from machine to machine, figures do not. `npm run bench -- --keep NAME` measures one ' +
      'family and keeps its tables in `test/bench/figures.json`, from which `npm run docs` writes this page.',
    ...tables.map(tableText),
    '## What limits it',
    limits,
  ]
  return `${parts.join('\n\n')}\n`
}

function tableText({ title, peer, host, rows }: KeptTable): string {
  const { cpu, cpus, node, load, date } = host
  const lines = rows.map(({ name, ours, peer, ratio, target, verdict }) =>
    [name, ours, peer ?? '-', ratio ?? '-', target ?? '-', verdict ?? ''].map((cell) => cell.replaceAll('|', '\\|')),
  )
  const table = [['', 'vmon', peer, 'ratio', 'target', ''], ['---', '--:', '--:', '--:', '--:', '---'], ...lines]
  return [
    `## ${title}`,
    `Measured on ${date} with Node ${node}, on ${cpus} processors (${cpu}), at a load of ${load.toFixed(1)} when it began.`,
    table.map((row) => `| ${row.join(' | ')} |`).join('\n'),
  ].join('\n\n')
}

const limits = `- Code of the guest is translated to WebAssembly, a page at a time. What computes is limited by that translation, by the
  flags and segments of x86 that each instruction keeps up to date, and by accesses to memory that are checked in software;
  what runs once is limited by the translation itself. There is no KVM.
- Ports and registers of devices are functions in JavaScript: each access leaves the translated code. A driver that uses
  DMA or virtio queues has few of them, one that moves words through a port has many.
- The board is a thread of its own. What the monitor asks of it, and each request of the guest to a disk, is a message from
  thread to thread: some microseconds, and more where the other thread is in the middle of a slice of guest code.
- A request to a file is a system call on one of libuv's threads (\`UV_THREADPOOL_SIZE\`: 8 of \`vmon\`, Node's 4 in programs), and a turn of the
  event loop: small requests one after another are limited by that turn, and large ones by the storage. Requests around the
  page cache (\`cache=none\`) are aligned by a copy where the caller's memory is not.
- A process has to start Node, which takes some tens of milliseconds, and \`vmon img\` takes longer than that to load itself.
- QMP is limited by one thread, which parses, carries out and prints; clients share it.`
