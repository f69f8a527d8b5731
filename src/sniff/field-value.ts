import { canonicalHost, hostPattern } from '../conn/host-name.js';
import { listElements } from './header-fields.js';

const HOST_FIELDS: readonly string[] = ['host', ':authority'];

/**
 * Makes the test that a header matcher puts to each line of its field. A string is compared without regard to case with the
 * whole value and with each of its comma-separated elements; a RegExp is searched in the whole value; left out, any value
 * will do. Of fields that name a host, value and string are compared in their canonical form, which a RegExp sees, too.
 */
export function fieldValueTest(wanted: string | RegExp | undefined, name = ''): (value: string) => boolean {
  if (wanted === undefined) return () => true;
  if (HOST_FIELDS.includes(name.toLowerCase())) return hostTest(wanted);
  // `search`, unlike `test`, neither reads nor moves the lastIndex of a global or sticky RegExp.
  if (wanted instanceof RegExp) return (value) => value.search(wanted) >= 0;
  const lower = wanted.toLowerCase();
  return (value) => {
    const sent = value.toLowerCase();
    return sent === lower || listElements(sent).includes(lower);
  };
}

function hostTest(wanted: string | RegExp): (value: string) => boolean {
  if (wanted instanceof RegExp) return (value) => canonicalHost(value).search(wanted) >= 0;
  const host = hostPattern(wanted);
  return (value) => canonicalHost(value) === host;
}
