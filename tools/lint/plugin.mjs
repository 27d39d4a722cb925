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

export default {
  meta: { name: 'weir' },
  rules: { 'no-dynamic-import': noDynamicImport, 'no-wall-clock': noWallClock },
};
