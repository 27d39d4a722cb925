// Lint rules of our own, loaded by oxlint (.oxlintrc.json). Plain JavaScript: oxlint loads it with whatever Node runs oxlint.

/** `import()` escapes no-restricted-imports, which looks at import declarations only. */
const noDynamicImport = {
  meta: {
    type: 'problem',
    messages: { dynamic: 'A pure lib does not import at run time: import() could reach I/O unseen.' },
  },
  create: (context) => ({
    ImportExpression: (node) => context.report({ node, messageId: 'dynamic' }),
  }),
};

const isDate = (node) => node.type === 'Identifier' && node.name === 'Date';

/** An age by a clock that people set makes the dead alive for an hour, or the living dead. */
const noWallClock = {
  meta: {
    type: 'problem',
    messages: {
      wall: 'Time is measured with a monotonic clock; a calendar time is asked of the Time that was given, or wallClockMs() (@weir/time).',
    },
  },
  create: (context) => {
    const report = (node) => context.report({ node, messageId: 'wall' });
    return {
      MemberExpression: (node) => {
        const { object, property } = node;
        if (isDate(object) && (property.name === 'now' || property.value === 'now')) report(node);
      },
      NewExpression: (node) => isDate(node.callee) && node.arguments.length === 0 && report(node),
      CallExpression: (node) => isDate(node.callee) && report(node),
      VariableDeclarator: (node) => node.init && isDate(node.init) && report(node),
    };
  },
};

/** Methods of Keyspace, and of the tables in it, that change which keys there are or what they hold. */
const KEYSPACE_MUTATORS = new Set([
  ...['putString', 'setString', 'setExpiringString', 'resizeString', 'setExpire', 'clearExpire'],
  ...['create', 'attach', 'remove', 'rename', 'copy', 'flush', 'flushAll', 'swap', 'takePlaceOf'],
]);
const TABLE_MUTATORS = new Set(['insert', 'remove', 'replace', 'clear', 'forget', 'takeOut']);

/** `a.b.name` and `name` alike. */
const lastName = (node) => (node.type === 'MemberExpression' ? node.property.name : node.name);

/**
 * A command changes keys through the functions that announce it (docs/internals/announcements.md). What takes the methods out of the keyspace
 * (`const { remove } = keyspace`) is a way around, too.
 */
const announcedChanges = {
  meta: {
    type: 'problem',
    messages: {
      unannounced: 'A command changes keys through Context, core/strings.ts or core/entries.ts, which announce it.',
    },
  },
  create: (context) => {
    const report = (node) => context.report({ node, messageId: 'unannounced' });
    return {
      MemberExpression: (node) => {
        const owner = lastName(node.object);
        const { name } = node.property;
        if (owner === 'keyspace' && KEYSPACE_MUTATORS.has(name)) report(node);
        if ((owner === 'keys' || owner === 'expires') && TABLE_MUTATORS.has(name)) report(node);
      },
      VariableDeclarator: (node) => {
        if (node.id.type !== 'ObjectPattern' || !node.init || lastName(node.init) !== 'keyspace') return;
        for (const { key } of node.id.properties) if (key && KEYSPACE_MUTATORS.has(key.name)) report(node);
      },
    };
  },
};

/** `private` is a promise of the compiler alone: at run time, and to `as any`, the member is as public as the rest. */
const hashPrivate = {
  meta: {
    type: 'problem',
    messages: {
      keyword: 'A private field or method is written #name. `private` is for constructors, which cannot be.',
    },
  },
  create: (context) => {
    const check = (node) => {
      if (node.accessibility === 'private' && node.kind !== 'constructor') {
        context.report({ node, messageId: 'keyword' });
      }
    };
    return { PropertyDefinition: check, AccessorProperty: check, MethodDefinition: check, TSParameterProperty: check };
  },
};

/** The rule import/consistent-type-specifier-style, for exports, which it does not look at. */
const separateTypeExports = {
  meta: {
    type: 'problem',
    messages: { inline: 'Types are exported by a line of their own: export type { … }.' },
  },
  create: (context) => ({
    ExportSpecifier: (node) => {
      if (node.exportKind === 'type' && node.parent.exportKind !== 'type')
        context.report({ node, messageId: 'inline' });
    },
  }),
};

/** Comments that speak to a tool, which wants them first. */
const TO_A_TOOL = /^[\s*/]*(?:oxlint-|eslint-|@ts-|prettier-|<reference|@license|v8 |node:coverage)/;

/** A reader finds a file's essay at one place: on top, before its imports. A comment that a blank line parts from the next statement is about no statement. */
const essayBeforeImports = {
  meta: {
    type: 'problem',
    messages: { late: 'The comment about the whole file stands before its imports.' },
  },
  create: (context) => ({
    Program: (program) => {
      const { body } = program;
      const imports = body.findIndex(({ type }) => type !== 'ImportDeclaration');
      const last = imports === -1 ? body.at(-1) : body[imports - 1];
      if (last === undefined) return;
      const { lines } = context.sourceCode;
      const comments = context.sourceCode.getAllComments();
      if (
        comments.some(
          ({ range, type, value }) => range[1] <= body[0].range[0] && type !== 'Shebang' && !TO_A_TOOL.test(value),
        )
      )
        return;
      let line = last.loc.end.line;
      const node = comments.find(({ loc, value }) => loc.start.line > line && !TO_A_TOOL.test(value));
      if (node === undefined || lines.slice(line, node.loc.start.line - 1).some((text) => text.trim() !== '')) return;
      // Line comments below one another are one.
      line = node.loc.end.line;
      while (lines[line]?.trim().startsWith('//')) line += 1;
      if ((lines[line] ?? '').trim() === '') context.report({ node, messageId: 'late' });
    },
  }),
};

export default {
  meta: { name: 'weir' },
  rules: {
    'announced-changes': announcedChanges,
    'essay-before-imports': essayBeforeImports,
    'hash-private': hashPrivate,
    'no-dynamic-import': noDynamicImport,
    'no-wall-clock': noWallClock,
    'separate-type-exports': separateTypeExports,
  },
};
