import { JsonStream, print as printJson } from '../../json/index.ts'
import { OptionError, parseKeyval } from '../../keyval/index.ts'
import {
  helpOfObject,
  listOfObjectKinds,
  namesOfObjectKinds,
  optionsFromText,
  type UserObjects,
} from '../../objects/index.ts'
import { QmpError } from '../../qapi/index.ts'
import { type ObjectTree, type Property, type QomObject, typeNameOf } from '../../qom/index.ts'
import { type LineCompletion, matching } from '../complete.ts'
import { hmpFamily } from '../hmp-command.ts'
import { HmpError } from '../hmp-error.ts'
import { valueFromText } from '../value-from-text.ts'

const command = hmpFamily<{ userObjects: UserObjects; objectTree: ObjectTree }>()
const nothing: LineCompletion = { typed: 0, candidates: [] }

/** Objects that users make, and the tree of all objects. */
export const objectCommands = {
  object_add: command({
    args: 'object:S',
    params: '[qom-type=]type,id=str[,prop=value][,...]',
    help: 'create QOM object',
    complete: (word, place) => (place === 1 ? matching(word, namesOfObjectKinds()) : nothing),
    async run({ parts: { userObjects }, print }, { object: text }) {
      try {
        if (text.startsWith('{')) return await userObjects.add(fromJson(text) as Record<string, unknown>)
        const { object, help } = parseKeyval(text, 'qom-type')
        const kind = object['qom-type']
        if (help) return print(kind === undefined ? listOfObjectKinds() : helpOfObject(String(kind)))
        await userObjects.add(optionsFromText(object))
      } catch (error) {
        throw error instanceof OptionError ? new QmpError('GenericError', error.message) : error
      }
    },
  }),

  object_del: command({
    args: 'id:s',
    params: 'id',
    help: 'destroy QOM object',
    complete: (word, place, { objects }) => (place === 1 ? matching(word, objects()) : nothing),
    run: async ({ qmp }, { id }) => void (await qmp('object-del', { id })),
  }),

  'qom-list': command({
    args: 'path:s?',
    params: 'path',
    help: 'list QOM properties',
    run({ parts: { objectTree }, print }, { path }) {
      if (path === undefined) return print('/\n')
      const found = objectTree.find(path)
      if (found === 'ambiguous') throw new HmpError(`Warning: Path '${path}' is ambiguous`)
      for (const { name, type } of (found ?? objectTree.resolve(path)).list()) print(`${name} (${type})\n`)
    },
  }),

  'qom-get': command({
    args: 'path:s,property:s',
    params: 'path property',
    help: 'print QOM property',
    async run({ parts: { objectTree }, print }, { path, property }) {
      print(`${printJson(await objectTree.resolve(path).get(property), { pretty: true })}\n`)
    },
  }),

  'qom-set': command({
    args: 'json:-j,path:s,property:s,value:S',
    params: '[-j] path property value',
    help: 'set QOM property.\n\t\t\t-j: the value is specified in json format.',
    async run({ parts: { objectTree } }, { json, path, property, value }) {
      const wanted = json ? fromJson(value) : undefined
      const object = objectTree.resolve(path)
      await object.set(property, json ? wanted : valueFromText(typeOf(object.find(property)), value, property))
    },
  }),
}

function typeOf(property: Property | undefined): string {
  return property === undefined ? 'string' : typeNameOf(property)
}

function fromJson(text: string): unknown {
  const stream = new JsonStream()
  stream.feed(new TextEncoder().encode(`${text}\n`))
  const first = stream.next()
  if (first === undefined) throw new QmpError('GenericError', 'JSON parse error, premature EOI')
  if ('error' in first) throw new QmpError('GenericError', first.error)
  return first.value
}

/** The parts of an object as a tree; in the order of their names. */
export function treeText(object: QomObject, indent = ''): string {
  const name = object.name === undefined ? '' : `/${object.name}`
  const parts = [...object.children()].sort((one, other) => compareNames(one.name!, other.name!))
  const lines = parts.map((part) => treeText(part, `${indent}  `)).join('')
  return `${indent}${name === '' ? '/' : name} (${object.type})\n${lines}`
}

const compareNames = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))
