import { useEffect, useRef, useState } from 'preact/hooks'
import type { Machine } from '../machine.ts'

const keptCharacters = 100_000

/** The human monitor: a line in, text out. */
export function MonitorPanel({ machine }: { readonly machine: Machine }) {
  const [line, setLine] = useState('')
  const [said, setSaid] = useState('')
  const past = useRef<string[]>([])
  const place = useRef(0)
  const output = useRef<HTMLPreElement>(null)
  useEffect(() => {
    output.current!.scrollTop = output.current!.scrollHeight
  }, [said])
  const run = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (line.trim() === '') return
    past.current.push(line)
    place.current = past.current.length
    setLine('')
    const answer = (await machine.human(line)).replaceAll('\r', '')
    setSaid((before) => `${before}(qemu) ${line}\n${answer}`.slice(-keptCharacters))
  }
  const recall = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : 0
    if (step === 0) return
    event.preventDefault()
    place.current = Math.min(Math.max(place.current + step, 0), past.current.length)
    setLine(past.current[place.current] ?? '')
  }
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: who has no mouse scrolls it by the keyboard */}
      <pre ref={output} class="monitor" tabIndex={0} role="log" aria-label="What the monitor has said">
        {said === '' ? 'help, info status, info block, …' : said}
      </pre>
      <form class="row" onSubmit={run}>
        <input
          type="text"
          aria-label="Line for the monitor"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          value={line}
          onInput={(event) => setLine(event.currentTarget.value)}
          onKeyDown={recall}
        />
        <button type="submit">Run</button>
      </form>
    </>
  )
}
