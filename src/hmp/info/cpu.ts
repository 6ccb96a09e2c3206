import type { CpuRegisters } from '../../board/index.ts'
import { QmpError } from '../../qapi/index.ts'
import type { ObjectTree } from '../../qom/index.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { registersText } from '../registers-text.ts'

const topic = hmpFamily<{
  guest: { registers(): Promise<CpuRegisters> }
  cpus: { readonly count: number }
  objectTree: ObjectTree
  identity: { readonly machines: readonly { readonly isDefault?: boolean; readonly cpuType?: string }[] }
}>()

/** What the CPUs do. */
export const cpuTopics = {
  cpus: topic({
    args: '',
    params: '',
    help: 'show infos for each CPU',
    async run({ qmp, print, cpuIndex }) {
      for (const cpu of await qmp('query-cpus-fast'))
        print(`${cpu['cpu-index'] === cpuIndex ? '*' : ' '} CPU #${cpu['cpu-index']}: thread_id=${cpu['thread-id']}\n`)
    },
  }),
  'hotpluggable-cpus': topic({
    args: '',
    params: '',
    help: 'Show information about hotpluggable CPUs',
    run({ parts: { cpus, identity, objectTree }, print }) {
      const type = identity.machines.find(({ isDefault }) => isDefault)?.cpuType
      if (cpus.count === 0) throw new QmpError('GenericError', "The feature 'query-hotpluggable-cpus' is not enabled")
      print(
        `Hotpluggable CPUs:\n  type: "${type}"\n  vcpus_count: "1"\n  qom_path: "${objectTree.firstOf('cpu')?.path}"\n`,
      )
      print('  CPUInstance Properties:\n    socket-id: "0"\n    core-id: "0"\n    thread-id: "0"\n')
    },
  }),
  registers: topic({
    args: 'cpustate_all:-a,vcpu:i?',
    params: '[-a|vcpu]',
    help: "show the cpu registers (-a: show register info for all cpus; vcpu: specific vCPU to query; show the current CPU's registers if no argument is specified)",
    async run({ parts, print, cpuIndex }, { cpustate_all: all, vcpu }) {
      if (parts.cpus.count === 0) {
        if (all) return
        throw new HmpError(vcpu === undefined ? 'No CPU available' : `CPU#${vcpu} not available`)
      }
      const index = all || vcpu === undefined ? cpuIndex : Number(vcpu)
      if (index >= parts.cpus.count) throw new HmpError(`CPU#${index} not available`)
      print(`\nCPU#${index}\n${registersText(await parts.guest.registers())}`)
    },
  }),
}
