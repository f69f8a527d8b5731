import { listElements } from './header-fields.js';

/**
 * Makes the test that a header matcher puts to each line of its field. A string is compared without regard to case with the
 * whole value and with each of its comma-separated elements; a RegExp is searched in the whole value; left out, any value
 * will do.
 */
export function fieldValueTest(wanted: string | RegExp | undefined): (value: string) => boolean {
  if (wanted === undefined) return () => true;
  // `search`, unlike `test`, neither reads nor moves the lastIndex of a global or sticky RegExp.
  if (wanted instanceof RegExp) return (value) => value.search(wanted) >= 0;
  const lower = wanted.toLowerCase();
  return (value) => {
    const sent = value.toLowerCase();
    return sent === lower || listElements(sent).includes(lower);
  };
}
