import type { VncClientEnd, VncDisplays } from '../../vnc/index.ts'
import { hmpFamily } from '../hmp-command.ts'

const topic = hmpFamily<{ vncDisplays: Pick<VncDisplays, 'list'> }>()

/** Who looks at the screen. */
export const vncTopics = {
  vnc: topic({
    args: '',
    params: '',
    help: 'show the vnc server status',
    run({ parts: { vncDisplays }, print }) {
      const displays = vncDisplays.list()
      if (displays.length === 0) print('None\n')
      for (const { id, auth, vencrypt, server, clients } of displays) {
        print(`${id}:\n`)
        for (const end of server) print(`  Server: ${endText(end)}    ${authLine(end)}`)
        for (const end of clients)
          print(`  Client: ${endText(end)}    x509_dname: ${end.x509_dname ?? 'none'}\n    sasl_username: none\n`)
        if (server.length === 0) print(`  ${authLine({ auth, vencrypt })}`)
      }
    },
  }),
}

function endText({ host, service, family, websocket }: VncClientEnd): string {
  return `${host}:${service} (${family}${websocket ? ' (Websocket)' : ''})\n`
}

function authLine({ auth, vencrypt = 'none' }: { auth: string; vencrypt?: string | undefined }): string {
  return `Auth: ${auth} (Sub: ${vencrypt})\n`
}
