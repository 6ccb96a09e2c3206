import { opt, req, str, uint8 } from '../../qapi/index.ts'
import { machine, tool } from './needs.ts'

export const port = opt(uint8, 'which serial port: 0 (COM1, the default) to 3')

/** What goes over serial ports. */
export const serialTools = [
  tool({
    name: 'serial_read',
    doc: 'Read what the guest has sent over a serial port since it was read before.',
    args: { machine, port },
    run: ({ machines }, { machine: name, port: number = 0 }) => machines.find(name).unread(number),
  }),

  tool({
    name: 'serial_write',
    doc: 'Send text to the guest over a serial port.',
    args: { machine, port, text: req(str, 'what to send; characters of Latin-1') },
    async run({ machines }, { machine: name, port: number = 0, text }) {
      await machines.find(name).serial(number).write(text)
      return 'sent'
    },
  }),
]
