import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generate } from 'selfsigned';

const FILE = fileURLToPath(new URL('../../temp/bench-certificate.json', import.meta.url));
const YEARS = 100;

async function make() {
  const notAfterDate = new Date();
  notAfterDate.setFullYear(notAfterDate.getFullYear() + YEARS);
  const altNames = [{ type: 2, value: 'localhost' }];
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    keyType: 'ec',
    notAfterDate,
    extensions: [{ name: 'subjectAltName', altNames }],
  });
  mkdirSync(new URL('.', `file://${FILE}`), { recursive: true });
  const own = `${FILE}.${process.pid}`;
  writeFileSync(own, JSON.stringify({ cert, key }));
  try {
    // Whole or not at all, and only the first: another process may be making one.
    linkSync(own, FILE);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  unlinkSync(own);
  return kept();
}

function kept() {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8'));
  } catch {
    // The first process of the first run finds none.
    return undefined;
  }
}

/** For `localhost`, kept in temp/: all processes of a run have the same. Whoever needs it first makes it. */
export const certificate = kept() ?? (await make());
