import { MonitorDescriptors, NamedDescriptors } from '../descriptors/index.ts'
import type { Interpreter } from './interpreter.ts'

/** What a command may print for a client of QMP; whatever asks for more gets so much of it. */
const mostCharacters = 64 << 20

/** Runs one line as a monitor of its own would: what it prints comes back, with lines as terminals want them. */
export async function runForQmp(interpreter: Interpreter, line: string, cpuIndex: number): Promise<string> {
  const printed: string[] = []
  let characters = 0
  using named = new NamedDescriptors()
  await interpreter.execute(
    line,
    { cpuIndex, history: [], waits: false, descriptors: new MonitorDescriptors(named) },
    {
      print: (text) => {
        characters += text.length
        if (characters <= mostCharacters) printed.push(text)
      },
      wanted: async () => characters <= mostCharacters,
    },
  )
  return printed.join('').replaceAll('\n', '\r\n')
}
