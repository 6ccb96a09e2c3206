/**
 * `npm start`: boots the demonstration guest (guests/demo.ts). Its serial line is this terminal, its QMP socket lies in
 * a private folder that goes when the machine does. Further arguments are vmon's.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, watch, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { demoFloppy } from '../guests/demo.ts'

const folder = await mkdtemp(join(tmpdir(), 'vmon-demo-'))
const floppy = join(folder, 'demo.img')
const socket = join(folder, 'qmp.sock')
await writeFile(floppy, demoFloppy())

async function announce(signal: AbortSignal): Promise<void> {
  for await (const { filename } of watch(folder, { signal })) if (filename === 'qmp.sock') break
  console.log(`The demonstration guest boots. What it prints comes here, what you type goes there; Ctrl-C ends it.
QMP socket: unix:${socket}
In a second terminal, here:  npx vmon shell unix:${socket}
and there, for example:      query-status
                             screendump filename=screen.png format=png
                             send-key keys=[{"type":"qcode","data":"h"}]
                             quit
`)
}

const over = new AbortController()
const announced = announce(over.signal).catch((error) => {
  if (!over.signal.aborted) throw error
})
const vmon = spawn(
  process.execPath,
  [
    fileURLToPath(new URL('../../bin/vmon.js', import.meta.url)),
    ...['-name', 'demo', '-m', '16', '-display', 'none', '-serial', 'stdio'],
    ...['-drive', `if=floppy,format=raw,file=${floppy}`, '-boot', 'a'],
    ...['-qmp', `unix:${socket},server=on,wait=off`],
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
// The terminal sends Ctrl-C to both; the machine ends first, and then this does.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => vmon.kill('SIGTERM'))
const [status] = (await once(vmon, 'exit')) as [number | null]
over.abort()
await announced
await rm(folder, { recursive: true, force: true })
process.exitCode = status ?? 1
