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

export default { meta: { name: 'weir' }, rules: { 'no-dynamic-import': noDynamicImport } };
