/** Joins two recordings of one step: what differs between them is accidental and becomes a marker. */
import type { Step } from './case.ts'
import { isReply } from './match.ts'

/** Members whose values depend on the host even where two recordings agree. */
const accidental = /"(seconds|microseconds|actual-size|fd)": -?\d+/g
/** Which pseudo-terminal is free. */
const terminal = /"(?:pty:)?\/dev\/pts\/\d+"/g
const generatedNode = /#block\d+/g
const tokens = /"(?:[^"\\]|\\.)*"|-?\d[0-9.eE+-]*|[a-z]+|[^"]/g
const number = /^-?\d[0-9.eE+-]*$/

/** @throws {Error} if the two differ in more than scalars */
export function merge(first: Step, second: Step): Step {
  if (first.stdout !== second.stdout) throw new Error(`output differs:\n${first.stdout}\n${second.stdout}`)
  const { expect, others } = first
  if (expect === undefined) return first
  const [one, two] = [expect, second.expect ?? []]
  const replyMoves = one.some((line, index) => isReply(line) !== isReply(two[index] ?? ''))
  return {
    ...first,
    expect: mergeLines(one, replyMoves ? inOrderOf(one, two) : two),
    ...(others && { others: mergeOthers(others, second.others ?? {}) }),
    ...(replyMoves && { reply_order: 'any' }),
  }
}

type Others = NonNullable<Step['others']>

function mergeOthers(first: Others, second: Others): Others {
  return Object.fromEntries(Object.entries(first).map(([name, lines]) => [name, mergeLines(lines, second[name] ?? [])]))
}

/** `lines` with its replies in the places where `model` has replies. */
function inOrderOf(model: readonly string[], lines: readonly string[]): readonly string[] {
  const replies = lines.filter(isReply)
  const events = lines.filter((line) => !isReply(line))
  return model.flatMap((line) => (isReply(line) ? replies : events).splice(0, 1))
}

function mergeLines(first: readonly string[], second: readonly string[]): readonly string[] {
  if (first.length !== second.length) throw new Error(`lines differ:\n${first.join('\n')}\n---\n${second.join('\n')}`)
  return first.map((line, index) => mergeLine(line, second[index]!))
}

function mergeLine(first: string, second: string): string {
  const [one, two] = [tokensOf(first), tokensOf(second)]
  if (one.length !== two.length) throw new Error(`lines differ:\n${first}\n${second}`)
  return one.map((token, index) => (token === two[index] ? token : marker(token, two[index]!))).join('')
}

function tokensOf(line: string): readonly string[] {
  return (
    line
      .replace(accidental, '"$1": "@int@"')
      .replace(generatedNode, '#blockNNN')
      .replace(terminal, '"@str@"')
      .match(tokens) ?? []
  )
}

function marker(first: string, second: string): string {
  if (first.startsWith('"') && second.startsWith('"')) return '"@str@"'
  if (number.test(first) && number.test(second))
    return [first, second].every((text) => /^-?\d+$/.test(text)) ? '"@int@"' : '"@num@"'
  if (/^[a-z]+$/.test(first) && /^[a-z]+$/.test(second)) return '"@any@"'
  throw new Error(`${first} and ${second} cannot be told apart from what is meant`)
}
