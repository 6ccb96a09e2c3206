import type { CodeCache } from '../../board/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { checkEvent } from '../trace-event.ts'

const topic = hmpFamily<{
  cpus: { readonly count: number }
  guest: { codeCache(): Promise<CodeCache | undefined> }
}>()

/** What the emulator tells of its own work. */
export const tracingTopics = {
  'trace-events': topic({
    args: 'name:s?,vcpu:i?',
    params: '[name] [vcpu]',
    help: 'show available trace-events & their state (name: event name pattern; vcpu: vCPU to query, default is any)',
    run: ({ parts: { cpus } }, { name = '*', vcpu }) => checkEvent(name, vcpu, cpus.count),
  }),
  jit: topic({
    args: '',
    params: '',
    help: 'show dynamic compiler info',
    async run({ parts: { guest }, print }) {
      const cache = await guest.codeCache()
      if (cache === undefined) throw new QmpError('GenericError', 'JIT information is only available with accel=tcg')
      print(`Translation buffer state:\ngen code size       ${cache.bytes}\nTB count            ${cache.modules}\n`)
    },
  }),
  opcount: topic({
    args: '',
    params: '',
    help: 'show dynamic compiler opcode counters',
    run: ({ print }) => print('[TCG profiler not compiled]\n'),
  }),
}
