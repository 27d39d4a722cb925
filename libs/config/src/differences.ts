/** Directives whose default is not Redis's, each with the reason. The test against Redis's recorded defaults holds the list complete. */
export const differentDefaults: ReadonlyMap<string, string> = new Map([]);
