import { loadLibc } from '../../../libc/index.ts'

/** How often it is looked, in milliseconds. */
const interval = 2000
/** What makes it worth while, in bytes: giving memory back takes some ten milliseconds. */
const worthwhile = 16 << 20
/** A process that grows by more than this between two looks is still busy. */
const still = 2 << 20

/** Looked up when it is needed first. A C library that is not GNU's has no such function. */
let trim = (keep: number): void => {
  try {
    trim = loadLibc()?.func('int malloc_trim(size_t keep)') ?? nothing
  } catch {
    trim = nothing
  }
  trim(keep)
}
const nothing = (): void => undefined

let users = 0
let timer: NodeJS.Timeout | undefined
/** What the process held after the last time, and at the last look. */
let kept = 0
let seen = 0

/**
 * Gives memory back that the C library keeps, as long as anybody asks for it: V8 compiles the guest's code in memory
 * that it takes from the C library, which does not return it of its own accord. That is a tenth of what a Linux costs
 * that has booted.
 *
 * @returns ends that
 */
export function giveSpareMemoryBack(): () => void {
  users++
  timer ??= setInterval(look, interval).unref()
  let asked = true
  return () => {
    if (!asked) return
    asked = false
    users--
    if (users > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

function look(): void {
  const rss = residentBytes()
  if (rss === undefined) return
  const grown = rss - seen
  seen = rss
  if (grown > still || rss - kept < worthwhile) return
  trim(0)
  kept = seen = residentBytes() ?? rss
}

/** Undefined where the system does not tell, or not now: it has to be read from a file, which takes a descriptor. */
function residentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss()
  } catch {
    return undefined
  }
}
