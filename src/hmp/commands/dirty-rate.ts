import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'

const command = hmpFamily<{}>()

const limits = "[Please use 'info vcpu_dirty_limit' to query dirty limit for virtual CPU]\n"

/** How much of its memory the guest changes. */
export const dirtyRateCommands = {
  calc_dirty_rate: command({
    args: 'dirty_ring:-r,dirty_bitmap:-b,second:l,sample_pages_per_GB:l?',
    params: '[-r] [-b] second [sample_pages_per_GB]',
    help: 'start a round of guest dirty rate measurement (using -r to\n\t\t\t specify dirty ring as the method of calculation and\n\t\t\t -b to specify dirty bitmap as method of calculation)',
    async run({ qmp, print }, { dirty_ring: ring, dirty_bitmap: bitmap, second, sample_pages_per_GB: pages }) {
      if (second === 0n) throw new HmpError('Incorrect period length specified!')
      if (ring && bitmap) throw new HmpError('Either dirty ring or dirty bitmap can be specified!')
      await qmp('calc-dirty-rate', {
        'calc-time': Number(second),
        ...(pages !== undefined && pages !== -1n && { 'sample-pages': Number(pages) }),
        mode: ring ? 'dirty-ring' : bitmap ? 'dirty-bitmap' : 'page-sampling',
      })
      print(`Starting dirty rate measurement with period ${second} seconds\n`)
      print("[Please use 'info dirty_rate' to check results]\n")
    },
  }),
  set_vcpu_dirty_limit: command({
    args: 'dirty_rate:l,cpu_index:l?',
    params: 'dirty_rate [cpu_index]',
    help: 'set dirty page rate limit, use cpu_index to set limit\n\t\t\t\t\t on a specified virtual cpu',
    async run({ qmp, print }, { dirty_rate: rate }) {
      await qmp('set-vcpu-dirty-limit', { 'dirty-rate': BigInt.asUintN(64, rate) })
      print(limits)
    },
  }),
  cancel_vcpu_dirty_limit: command({
    args: 'cpu_index:l?',
    params: '[cpu_index]',
    help: 'cancel dirty page rate limit, use cpu_index to cancel\n\t\t\t\t\t limit on a specified virtual cpu',
    async run({ qmp, print }) {
      await qmp('cancel-vcpu-dirty-limit')
      print(limits)
    },
  }),
}
