/** In CI always the same, so that a failure there tells what a change did; runs by hand begin elsewhere each time and look for what is new. */
const CI_SEED = 20_261_122;

/** Where a random test begins: the seed that the variable of the environment names, if it does. */
export function firstSeed(variable: string): number {
  const { [variable]: wanted, CI } = process.env;
  return Number(wanted ?? (CI === undefined ? Date.now() % 1_000_000_000 : CI_SEED));
}
