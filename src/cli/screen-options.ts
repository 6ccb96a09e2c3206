import type { Option } from './option-table.ts'

/** Options of who looks at the guest's screen from elsewhere. */
export const screenOptions: readonly Option[] = [
  {
    names: ['vnc'],
    argument: 'HOST:D|unix:PATH|none[,password=on][,to=N][,share=POLICY]...',
    group: 'machine',
    help: 'show the screen to VNC viewers at port 5900 + D, or at a unix socket; several times for several displays',
    complete: ['localhost:0', 'unix:', 'none'],
    apply: ({ draft }, text, origin) => draft.screens.vnc(text, origin),
  },
  {
    names: ['spice'],
    argument: 'port=PORT[,addr=HOST][,tls-port=PORT][,disable-ticketing=on][,password-secret=ID]...',
    group: 'machine',
    help: 'show the screen to a SPICE client, at TCP ports, or at a unix socket (unix=on,addr=PATH)',
    complete: ['port=', 'tls-port=', 'unix=on,addr=', 'help'],
    apply: ({ draft }, text, origin) => draft.screens.spice(text, origin),
  },
  {
    names: ['k'],
    argument: 'LANGUAGE',
    group: 'machine',
    help: "layout of viewers' keyboards, by the name of one of QEMU's keymaps (de); American if nothing is said",
    apply: ({ draft }, text) => {
      draft.screens.keymap = text
    },
  },
]
