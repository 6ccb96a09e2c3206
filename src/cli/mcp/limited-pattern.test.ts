import assert from 'node:assert/strict'
import { it } from 'node:test'
import { LimitedPattern } from './limited-pattern.ts'

it('finds what a regular expression finds, at the ends of lines too', () => {
  const found = new LimitedPattern('^log(in): $').exec('Debian\nlogin: \n')
  assert.deepEqual([found?.index, found?.[0], found?.[1]], [7, 'login: ', 'in'])
  assert.equal(new LimitedPattern('^ogin').exec('login'), null)
})

it('ends a search that would take for ever', () => {
  const pattern = new LimitedPattern('(\\w+\\s?)+#$')
  assert.throws(() => pattern.exec('a'.repeat(60)), /takes too long/)
  assert.equal(pattern.exec('root#')?.[0], 'root#', 'and the next one is a search of its own')
})

it('refuses what is no regular expression', () => {
  assert.throws(() => new LimitedPattern('('), SyntaxError)
})
