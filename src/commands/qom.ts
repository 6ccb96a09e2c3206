import { any, bool, example, family, list, nothing, opt, QmpError, req, str, struct } from '../qapi/index.ts'
import type { ObjectTree, TypeProperty } from '../qom/index.ts'

const command = family<{ objectTree: ObjectTree }>()

const ObjectPropertyInfo = struct('ObjectPropertyInfo', {
  name: req(str, 'name of the property'),
  type: req(str, 'its type: `child<X>` and `link<X>` are other objects'),
  description: opt(str, 'what it is'),
  'default-value': opt(any, 'what it is if nobody says'),
})

const ObjectTypeInfo = struct('ObjectTypeInfo', {
  name: req(str, 'name of the type'),
  abstract: opt(bool, 'true if there are only objects of types derived from it'),
  parent: opt(str, 'the type that it is derived from'),
})

const describe = ({ name, type, description }: TypeProperty) => ({
  ...{ name, type },
  ...(description !== undefined && { description }),
})

/** The objects of a machine, and their types. */
export const qomCommands = {
  'qom-list': command({
    since: '1.2',
    preconfig: true,
    doc: 'List the properties of an object: what is `child<X>` or `link<X>` is another object.',
    args: { path: req(str, 'path of the object, or the end of it', { complete: 'object' }) },
    returns: list(ObjectPropertyInfo),
    errors: ['DeviceNotFound, if there is no such object', 'if there are several'],
    examples: [
      example(
        'character devices',
        `
        -> { "execute": "qom-list", "arguments": { "path": "/chardevs" } }
        <- { "return": [ { "name": "type", "type": "string" }, { "name": "compat_monitor0", "type": "child<chardev-socket>" } ] }`,
      ),
    ],
    run({ objectTree }, { path }) {
      const object = objectTree.find(path)
      if (object === 'ambiguous') throw new QmpError('GenericError', `Path '${path}' is ambiguous`)
      return (object ?? objectTree.resolve(path)).list()
    },
  }),

  'qom-get': command({
    since: '1.2',
    preconfig: true,
    doc: 'Read a property of an object as it is now. What is another object is told as its path.',
    args: {
      path: req(str, 'path of the object, or the end of it', { complete: 'object' }),
      property: req(str, 'name of the property'),
    },
    returns: any,
    errors: [
      'DeviceNotFound, if there is no such object, or there are several',
      'if it has no such property, or one that cannot be read',
    ],
    examples: [
      example(
        'size of memory',
        `
        -> { "execute": "qom-get", "arguments": { "path": "/objects/pc.ram", "property": "size" } }
        <- { "return": 134217728 }`,
      ),
    ],
    run: ({ objectTree }, { path, property }) => objectTree.resolve(path).get(property),
  }),

  'qom-set': command({
    since: '1.2',
    preconfig: true,
    doc: 'Set a property of an object. What a device was made with cannot be changed any more.',
    args: {
      path: req(str, 'path of the object, or the end of it', { complete: 'object' }),
      property: req(str, 'name of the property'),
      value: req(any, 'its value, in the type that `qom-get` tells'),
    },
    returns: nothing,
    errors: [
      'DeviceNotFound, if there is no such object, or there are several',
      'if it has no such property, or one that cannot be set so',
    ],
    examples: [
      example(
        'what no machine lets be set',
        `
        -> { "execute": "qom-set", "arguments": { "path": "/machine", "property": "type", "value": "none" } }
        <- { "error": { "class": "GenericError", "desc": "Property 'pc-i440fx-7.2-machine.type' is not writable" } }`,
      ),
    ],
    async run({ objectTree }, { path, property, value }) {
      await objectTree.resolve(path).set(property, value)
      return {}
    },
  }),

  'qom-list-types': command({
    since: '1.1',
    preconfig: true,
    doc: 'List the types that objects can have.',
    args: {
      implements: opt(str, 'only those that are derived from this one'),
      abstract: opt(bool, 'those as well of which there are no objects'),
    },
    returns: list(ObjectTypeInfo),
    examples: [
      example(
        'devices on the floppy bus',
        `
        -> { "execute": "qom-list-types", "arguments": { "implements": "floppy" } }
        <- { "return": [ { "name": "floppy", "parent": "device" } ] }`,
      ),
    ],
    run: async ({ objectTree }, { implements: implemented, abstract }) =>
      objectTree.types.list({ implemented, abstract }).map((type) => ({
        name: type.name,
        ...(type.abstract === true && { abstract: true }),
        ...(type.parent !== undefined && { parent: type.parent }),
      })),
  }),

  'qom-list-properties': command({
    since: '2.12',
    preconfig: true,
    doc: 'List the properties that all objects of a type have.',
    args: { typename: req(str, 'name of the type') },
    returns: list(ObjectPropertyInfo),
    errors: ['DeviceNotFound, if there is no such type'],
    examples: [
      example(
        'a container',
        `
        -> { "execute": "qom-list-properties", "arguments": { "typename": "container" } }
        <- { "return": [ { "name": "type", "type": "string" } ] }`,
      ),
    ],
    async run({ objectTree: { types } }, { typename }) {
      types.require(typename)
      return types.propertiesOf(typename).map(describe)
    },
  }),

  'device-list-properties': command({
    since: '1.2',
    doc: 'List the properties that can be said of a device, with `-device`.',
    args: { typename: req(str, 'name of its type') },
    returns: list(ObjectPropertyInfo),
    errors: ['DeviceNotFound, if there is no such type', 'if no device can be made of it'],
    examples: [
      example(
        'a device that ends the machine',
        `
        -> { "execute": "device-list-properties", "arguments": { "typename": "isa-debug-exit" } }
        <- { "return": [ { "default-value": 2, "name": "iosize", "type": "uint32" }, { "default-value": 1281, "name": "iobase", "type": "uint32" } ] }`,
      ),
    ],
    run: async ({ objectTree }, { typename }) =>
      objectTree.types.devicePropertiesOf(typename).map((property) => ({
        ...describe(property),
        ...(property.byDefault !== undefined && { 'default-value': property.byDefault }),
      })),
  }),
}
