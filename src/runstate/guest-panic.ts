import { int, oneOf, opt, req, struct, union } from '../qapi/index.ts'

const parameter = req(int, 'a parameter of the crash')

const GuestPanicInformation = union('GuestPanicInformation', {
  base: { type: req(oneOf('GuestPanicInformationType', ['hyper-v', 's390']), 'what kind of guest told') },
  discriminator: 'type',
  branches: {
    'hyper-v': struct('GuestPanicInformationHyperV', {
      arg1: parameter,
      arg2: parameter,
      arg3: parameter,
      arg4: parameter,
      arg5: parameter,
    }),
    s390: struct('GuestPanicInformationS390', {
      core: req(int, 'the CPU'),
      'psw-mask': req(int, 'control fields of its program status word'),
      'psw-addr': req(int, 'the address in it'),
      reason: req(
        oneOf('S390CrashReason', ['unknown', 'disabled-wait', 'extint-loop', 'pgmint-loop', 'opint-loop']),
        'why',
      ),
    }),
  },
})

/** What the events of a panicking guest carry. */
export const guestPanic = {
  action: req(oneOf('GuestPanicAction', ['pause', 'poweroff', 'run']), 'what is done now'),
  info: opt(GuestPanicInformation, 'what the guest told; never there, for pvpanic tells nothing more'),
}
