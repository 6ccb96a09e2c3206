import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bool } from '../qapi/index.ts'
import { baseTypes, constant, ObjectTree, QomObject, remembered, TypeTable } from './index.ts'

const types = new TypeTable([
  ...baseTypes,
  {
    name: 'lamp',
    parent: 'object',
    properties: [
      { name: 'lit', type: 'bool' },
      { name: 'room', type: 'link<container>' },
      { name: 'secret', type: 'string' },
    ],
  },
])

function lit(): { tree: ObjectTree; lamp: QomObject } {
  const tree = new ObjectTree(types)
  const lamp = new QomObject(types, 'lamp', {
    lit: remembered('lit', bool, false),
    room: { target: () => tree.container('objects') },
  })
  tree.container('objects')
  assert.equal(tree.add('/objects', 'lamp', lamp), '/objects/lamp')
  return { tree, lamp }
}

test('an object has the properties of its class, and then those of its own', async () => {
  const { lamp } = lit()
  lamp.addProperty('watts', { kind: 'value', type: 'int', ...constant(40) })
  assert.deepEqual(lamp.list(), [
    { name: 'type', type: 'string' },
    { name: 'lit', type: 'bool' },
    { name: 'room', type: 'link<container>' },
    { name: 'secret', type: 'string' },
    { name: 'watts', type: 'int' },
  ])
  assert.equal(await lamp.get('type'), 'lamp')
  assert.equal(await lamp.get('watts'), 40)
  assert.equal(await lamp.get('room'), '/objects')
})

test('what can be set is set, and the rest is refused in the words of QEMU', async () => {
  const { tree, lamp } = lit()
  await lamp.set('lit', true)
  assert.equal(await lamp.get('lit'), true)
  await assert.rejects(lamp.set('lit', 5), { message: "Invalid parameter type for 'lit', expected: boolean" })
  await assert.rejects(lamp.set('type', 'x'), { message: "Property 'lamp.type' is not writable" })
  await assert.rejects(lamp.set('room', '/'), { message: "Property 'lamp.room' is not writable" })
  await assert.rejects(lamp.get('secret'), { message: "Property 'lamp.secret' is not readable" })
  await assert.rejects(lamp.get('bulb'), { message: "Property 'lamp.bulb' not found" })
  await assert.rejects(tree.container('objects').set('lamp', '/'), {
    message: "Property 'container.lamp' is not writable",
  })
})

test('a path may be absolute or the end of one, and go through links', () => {
  const { tree, lamp } = lit()
  for (const path of [
    '/objects/lamp',
    '//objects//lamp/',
    'lamp',
    'objects/lamp',
    'lamp/room/lamp',
    '/objects/lamp/room/lamp',
  ])
    assert.equal(tree.find(path), lamp, path)
  for (const path of ['/lamp', 'lam', '/objects/lamp/lit', 'lamp/..', '/objects/nope/lamp'])
    assert.equal(tree.find(path), undefined, path)
  assert.equal(tree.find('/'), tree.root)
})

test('a path that begins at several objects is ambiguous', () => {
  const { tree, lamp } = lit()
  tree.container('chardevs').addChild('lamp', new QomObject(types, 'lamp'))
  assert.equal(tree.find('lamp'), 'ambiguous')
  assert.equal(tree.find(''), 'ambiguous')
  assert.equal(tree.find('objects/lamp'), lamp)
  assert.throws(() => tree.resolve('lamp'), { errorClass: 'DeviceNotFound', message: "Device 'lamp' not found" })
})

test('names are given once, numbered ones as they are free, and are free again behind their object', () => {
  const { tree, lamp } = lit()
  assert.throws(() => tree.add('/objects', 'lamp', new QomObject(types, 'lamp')), {
    message: "attempt to add duplicate property 'lamp' to object (type 'container')",
  })
  const paths = [0, 1, 2].map(() => tree.add('/objects', 'spare[*]', new QomObject(types, 'lamp')))
  assert.deepEqual(paths, ['/objects/spare[0]', '/objects/spare[1]', '/objects/spare[2]'])
  tree.remove('/objects/spare[1]')
  assert.equal(tree.add('/objects', 'spare[*]', new QomObject(types, 'lamp')), '/objects/spare[1]')
  tree.remove('/objects/lamp')
  assert.equal(lamp.path, undefined)
  assert.throws(() => tree.remove('/objects/lamp'), { message: "Device '/objects/lamp' not found" })
})
