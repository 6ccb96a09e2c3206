import { picture } from '../../mcp/index.ts'
import { machine, tool } from './needs.ts'

/** What the guest shows. */
export const screenTools = [
  tool({
    name: 'screen_text',
    doc: 'Read the text that the screen shows, row by row, as the guest has put it into the VGA. Where the guest draws graphics there is none: see screen_picture.',
    args: { machine },
    hints: { readOnly: true },
    async run({ machines }, { machine: name }, { signal }) {
      return (await machines.find(name).vm.screen.text({ signal })) ?? 'the screen shows graphics; see screen_picture'
    },
  }),

  tool({
    name: 'screen_picture',
    doc: 'Take a picture of the screen (PNG).',
    args: { machine },
    hints: { readOnly: true },
    async run({ machines }, { machine: name }) {
      const bytes = await machines.find(name).vm.screenshot()
      return [picture(Buffer.from(bytes).toString('base64'), 'image/png')]
    },
  }),
]
